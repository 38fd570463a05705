"""What an operator sees of the connectors' feeds."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from connectors.base import Context
from connectors.host import host
from schemas.problem import Unavailable
from tests.connectors.test_base import Parks


async def figures(parks: Parks) -> dict[str, float]:
    app = host([parks])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as http:
        text = (await http.get("/metrics")).text
    return {
        sample.name.removeprefix("city_connector_"): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def nobody(_: object) -> None:
    raise ConnectionError


@pytest.fixture
def parks(tmp_path: Path) -> Parks:
    return Parks(Context(store_url=f"sqlite+aiosqlite:///{tmp_path}", sink=nobody))


async def test_a_feed_that_is_read_is_young_and_what_it_says_waits(parks: Parks) -> None:
    await parks.start()
    await parks.benches.loaded.wait()
    found = await figures(parks)
    assert found["feed_failing_seconds"] == found["feed_failures_total"] == 0
    assert found["feed_interval_seconds"] == 0.01
    assert found["outbox_messages"] == 1
    await parks.stop()


async def test_a_feed_that_fails_says_since_when_and_how_often(
    parks: Parks, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> bytes:
        raise Unavailable("The holder is away.")

    await parks.start()
    monkeypatch.setattr(parks.benches._source, "fetch", fail)
    await parks.benches.refresh()
    found = await figures(parks)
    assert found["feed_failing_seconds"] > 0
    assert found["feed_failures_total"] >= 1
    await parks.stop()


async def test_a_feed_that_is_pushed_has_no_interval(parks: Parks) -> None:
    await parks.start()
    await parks.benches.accept(b'["pushed"]')
    assert (await figures(parks))["feed_interval_seconds"] == 0
    await parks.stop()
