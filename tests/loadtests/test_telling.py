"""Each way to be told works, and its figure is of the last receiver."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.broker import telling
from services.broker.app import create_broker
from tests.services.broker.running import serving


async def test_every_way_of_being_told_is_measured(tmp_path: Path) -> None:
    app = create_broker(
        store_url=f"sqlite+aiosqlite:///{tmp_path}/store",
        log_url=f"sqlite:///{tmp_path}/log.db",
        gateway_key=telling.KEY,
        deliver_to="127.0.0.0/8",
    )
    async with serving(app) as url:
        await telling.know_type(url)
        for one in telling.tellings():
            few = replace(one, receivers=min(one.receivers, 3), times=2)
            row = await telling.measured(url, few)
            assert 0 < row["p50_ms"] <= row["p99_ms"] <= row["most_ms"], one.name


async def test_a_change_counts_when_the_last_receiver_has_it() -> None:
    ear = telling.Ear()
    ear.note(0, 1, 10.0)
    ear.note(1, 1, 12.0)
    ear.note(0, 1, 99.0)  # again: the first time counts
    assert await ear.until(1, 2) == pytest.approx(12.0)
