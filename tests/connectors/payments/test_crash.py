"""A process killed in the middle of a payment: after the retry it is one, not two or none."""

from __future__ import annotations

import asyncio
import signal
from multiprocessing import Pipe
from pathlib import Path

import pytest

from connectors.payments.connector import PaymentsConnector
from tests.connectors.harness import running
from tests.connectors.payments.dying import pay
from tests.connectors.payments.messages import Transaction, message
from tests.connectors.payments.teller import Teller, teller
from tests.servers.forked import Forked


async def killed_at(point: str, store_url: str, folder: Path, xml: str = "") -> None:
    """Start a process on the store, let it come to ``point`` of a payment, and kill it there."""
    told, here = Pipe(duplex=False)
    process = Forked(pay, store_url, folder, point, here, xml)
    here.close()
    try:
        assert await asyncio.to_thread(told.poll, 30)
        assert told.recv() == point
    finally:
        assert await process.kill() == -signal.SIGKILL
        told.close()


@pytest.mark.parametrize("point", ["inside", "after"])
async def test_a_payment_killed_midway_is_one_payment_after_the_retry(
    tmp_path: Path, store_url: str, point: str
) -> None:
    async with teller(tmp_path, store_url):
        pass  # the accounts are there
    await killed_at(point, store_url, tmp_path)
    async with running(PaymentsConnector, tmp_path, store_url=store_url) as run:
        bank = Teller(run)
        assert await bank.balance("a") == ("1000" if point == "inside" else "900")
        async with asyncio.timeout(30):
            while (answer := await bank.pay("k")).status_code == 409:
                await asyncio.sleep(0.05)  # the killed process's lock is being released
        assert answer.status_code == 201
        assert await bank.balance("a") == "900"
        assert (await bank.check())["sound"] is True
        await run.said.until(lambda said: said.events())
        events = run.said.events()
        assert {event["data"]["paymentId"] for event in events} == {answer.json()["paymentId"]}
        assert len({event["id"] for event in events}) == 1


@pytest.mark.parametrize("point", ["inside", "after"])
async def test_a_message_killed_midway_is_paid_once_and_whole_after_the_retry(
    tmp_path: Path, store_url: str, point: str
) -> None:
    xml = tmp_path / "message.xml"
    xml.write_bytes(message([Transaction("10", reference=str(n)) for n in range(5)]))
    async with teller(tmp_path, store_url):
        pass
    await killed_at(point, store_url, tmp_path, str(xml))
    async with running(PaymentsConnector, tmp_path, store_url=store_url) as run:
        bank = Teller(run)
        assert await bank.balance("b") == ("0" if point == "inside" else "50")
        async with asyncio.timeout(30):
            while (answer := await bank.send(xml.read_bytes())).status_code == 409:
                await asyncio.sleep(0.05)
        assert answer.status_code == 200
        assert await bank.balance("b") == "50"
        assert (await bank.check())["sound"] is True
