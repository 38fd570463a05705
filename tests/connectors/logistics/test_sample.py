from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.logistics import epcis, sample
from connectors.logistics.connector import LogisticsConnector
from tests.connectors.harness import running

NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


def test_the_sample_is_made_of_the_moment_alone_and_only_grows_forward() -> None:
    assert sample.document(NOW) == sample.document(NOW)
    now = {event.id: event for event in epcis.parse(sample.document(NOW)).events}
    later = epcis.parse(sample.document(NOW + timedelta(minutes=10))).events
    assert all(event.time <= NOW for event in now.values())
    assert [event.id for event in later if event.time > NOW]
    for event in later:
        if event.id in now:
            assert event.fingerprint == now[event.id].fingerprint


async def test_mirai_citys_parcels_move_as_time_goes_by(tmp_path: Path) -> None:
    moment = NOW
    async with running(LogisticsConnector, tmp_path, sample=True, clock=lambda: moment) as run:
        feed = run.connector.feeds["epcis"]
        await asyncio.wait_for(feed.loaded.wait(), 30)
        before = (await run.api.get("/logistics/v1/shipments?scheme=sscc")).json()
        moment = NOW + timedelta(minutes=10)
        await feed.refresh()
        after = (await run.api.get("/logistics/v1/shipments?scheme=sscc")).json()
        assert after["total"] == before["total"] + 1 >= 10
        assert all(item["location"] and item["placeName"] for item in after["items"])
        assert after["items"][0]["observedAt"] > before["items"][0]["observedAt"]
        assert feed.status.problem is None
