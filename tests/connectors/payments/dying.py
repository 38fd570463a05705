"""A payments process that stops at a chosen point of making a payment, to be killed there.

``inside``: the payment, its posting and its event are written, and not committed.
``after``: they are committed, and the client has no answer.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.payments.connector import PaymentsConnector
from connectors.payments.payments import Payments
from connectors.publish import Publisher
from tests.connectors.harness import running
from tests.connectors.payments.teller import Teller


async def _for_ever() -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


def _arm(point: str, here: Connection) -> None:
    said = Publisher.say

    async def inside(self: Publisher, connection: AsyncConnection, **what: Iterable[Any]) -> None:
        await said(self, connection, **what)
        here.send(point)
        await _for_ever()

    def after(self: Payments) -> None:
        here.send(point)
        while True:
            signal.pause()

    if point == "inside":
        Publisher.say = inside  # type: ignore[method-assign]
    else:
        Payments.wake = after  # type: ignore[method-assign]


async def _pay(store_url: str, folder: Path, point: str, here: Connection, xml: str) -> None:
    async with running(PaymentsConnector, folder, store_url=store_url) as run:
        _arm(point, here)
        bank = Teller(run)
        await (bank.send(Path(xml).read_bytes()) if xml else bank.pay("k"))


def pay(store_url: str, folder: Path, point: str, here: Connection, xml: str = "") -> None:
    """Make a payment, or those of a pain001 file; say through ``here`` when at the point."""
    asyncio.run(_pay(store_url, folder, point, here, xml))
