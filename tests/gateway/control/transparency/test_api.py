"""Anybody sees how often personal data is used, and nobody sees whose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.control.audit.event import AuditEvent
from tests.gateway.control.audit.accesses import DAY, NOW, access, send
from tests.gateway.control.city import City


async def told(city: City, period: str) -> Any:
    answer = await city.http.get(f"/transparency/v1/uses?period={period}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_uses_are_counted_by_client_data_set_and_purpose(city: City) -> None:
    await send(city, *(access(number, f"resident-{number}") for number in range(12)))
    await send(city, *(access(number, client="small") for number in range(9)), journal="other")
    await send(city, *(access(number, status=403) for number in range(20)), journal="refused")
    event = AuditEvent(NOW, "rescue", "data.disclose", "", "x", kept={"purpose": "vital-interest"})
    async with city.control.store.write() as connection:
        await city.control.audit.append(connection, event)
    one = {
        "client": "app",
        "clientName": "Booking app",
        "dataset": "appointments",
        "purpose": "transport-to-care",
        "count": 12,
    }
    assert await told(city, DAY[:7]) == {
        "period": DAY[:7],
        "least": 10,
        "total": 12,
        "uses": [one],
        "emergencyDisclosures": 1,
    }
    day = await told(city, DAY)
    assert (day["uses"], day["emergencyDisclosures"]) == ([one], None)
    assert (await told(city, "2025-10"))["uses"] == []


async def test_only_what_is_over_is_told(small_city: City) -> None:
    small_city.clock.now = datetime(2025, 11, 24, 15, 59, tzinfo=UTC)  # 0:59 of the next day there
    for period in (DAY, DAY[:7], "2025-12-01"):
        answer = await small_city.http.get(f"/transparency/v1/uses?period={period}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["where"] == "query period"
    small_city.clock.advance(60)
    assert (await told(small_city, DAY))["total"] == 0


@pytest.mark.parametrize("period", ["", "2025", "2025-13", "2025-02-30", "2025-11-24T10"])
async def test_other_periods_are_refused(small_city: City, period: str) -> None:
    answer = await small_city.http.get(f"/transparency/v1/uses?period={period}")
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
