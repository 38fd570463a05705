"""A payments process that stops at a chosen point of making a payment, to be killed there.

``python -m tests.connectors.payments.dying <store url> <folder> <point> [pain001 file]``

``inside``: the payment, its posting and its event are written, and not committed.
``after``: they are committed, and the client has no answer.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.payments.connector import PaymentsConnector
from connectors.payments.payments import Payments
from connectors.publish import Publisher
from tests.connectors.harness import running
from tests.connectors.payments.teller import Teller


async def _stop_here() -> NoReturn:
    sys.stdout.write("here\n")
    sys.stdout.flush()
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


def _arm(point: str) -> None:
    said = Publisher.say

    async def inside(self: Publisher, connection: AsyncConnection, **what: Iterable[Any]) -> None:
        await said(self, connection, **what)
        await _stop_here()

    def after(self: Payments) -> None:
        sys.stdout.write("here\n")
        sys.stdout.flush()
        while True:
            sys.stdin.readline()

    if point == "inside":
        Publisher.say = inside  # type: ignore[method-assign]
    else:
        Payments.wake = after  # type: ignore[method-assign]


async def main(store_url: str, folder: str, point: str, xml: str = "") -> None:
    async with running(PaymentsConnector, Path(folder), store_url=store_url) as run:
        _arm(point)
        bank = Teller(run)
        await (bank.send(Path(xml).read_bytes()) if xml else bank.pay("k"))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
