"""What workers report is kept once, and told by time, operation, kind of error and quota."""

from __future__ import annotations

import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gateway.control.housekeeping import Housekeeper
from gateway.control.tables import client_usage, usage_workers
from tests.gateway.control.city import City, Network, running
from tests.gateway.control.test_attach import URL, attach
from tests.gateway.control.test_compiler import DOCUMENT
from tests.gateway.control.usage.reports import OPERATOR, report, seen, use


async def read(city: City, client: str = "machine", **query: Any) -> dict[str, Any]:
    answer = await city.http.get(seen(client), params=query, headers=OPERATOR)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_reports_add_up_and_count_once(city: City) -> None:
    for sequence in (1, 1, 2, 1):  # two answers got lost
        assert (await report(city, sequence, use())).status_code == 204
    await report(city, 1, use(), worker="f" * 32)
    city.clock.advance(60)
    await report(city, 3, use(), use("mobility.getStop", statuses=[0, 0, 4]))
    city.clock.advance(60)
    found = await read(city, step="1m")
    assert found["total"]["requests"] == 8
    by_minute = [point["requests"] for point in found["points"] if point["requests"]]
    assert by_minute == [3, 5]
    assert [(one["operation"], one["requests"]) for one in found["operations"]] == [
        ("mobility.getStop", 4),
        ("mobility.listStops", 4),
    ]
    hours = await read(city, step="1h")
    assert hours["total"] == found["total"]
    other = await read(city, "app")
    assert other["total"]["requests"] == 0
    assert other["operations"] == []
    assert other["quota"] is None


async def test_errors_latency_and_quota_are_told(small_city: City) -> None:
    city = small_city
    await city.http.patch("/control/v1/clients/machine", json={"quota": 1000}, headers=OPERATOR)
    errors = {"insufficient-scope": 2, "http-404": 5}
    told = use(
        statuses=[1, 0, 3, 0, 7, 2], latency=[0, 0, 0, 0, 10, 0, 0, 3],
        errors={**errors, "timeout": 2, "cut": 1}, spent=11, spent_on_route=11,
    )  # fmt: skip
    await report(city, 1, told)
    city.clock.advance(1)
    found = await read(city)
    assert found["total"] == {
        "requests": 13, "succeeded": 3, "clientErrors": 7, "serverErrors": 2, "cut": 1,
        "p50Ms": 8.2, "p95Ms": 89.2,
    }  # fmt: skip
    assert [(one["kind"], one["count"]) for one in found["errors"]] == [
        ("http-404", 5), ("insufficient-scope", 2), ("timeout", 2), ("cut", 1),
    ]  # fmt: skip
    assert found["quota"] == {"limit": 1000, "used": 11, "resets": "2026-11-25T00:00:00+09:00"}
    city.clock.advance(24 * 3600)
    assert (await read(city))["quota"]["used"] == 0


async def test_it_is_kept_by_minute_for_two_days_and_by_hour_for_ninety(city: City) -> None:
    await report(city, 1, use())
    first = city.clock.now
    keeper = Housekeeper(city.control)
    city.clock.advance(49 * 3600)
    await keeper.tidy()
    async with city.control.store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(client_usage)) == 1
    query = {"from": (first - timedelta(hours=1)).isoformat(), "step": "1h"}
    assert (await read(city, **query))["total"]["requests"] == 1
    city.clock.advance(91 * 24 * 3600)
    await keeper.tidy()
    async with city.control.store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(client_usage)) == 0
        assert await connection.scalar(select(func.count()).select_from(usage_workers)) == 0


async def test_a_clock_that_is_off_counts_now(small_city: City) -> None:
    await report(small_city, 1, use(), minute=60)
    await report(small_city, 2, use(), minute=small_city.control.now() + 7200)
    small_city.clock.advance(1)
    assert (await read(small_city, step="1m"))["points"][-1]["requests"] == 2


async def test_it_is_for_operators_and_for_clients_that_exist(small_city: City) -> None:
    routes = (await small_city.policy())["routes"]
    (route,) = [one for one in routes if one["id"] == "control.readClientUsage"]
    assert (route["access"], route["scopes"]) == ("scoped", [["operator:clients"]])
    assert (await small_city.http.get(seen("nobody"), headers=OPERATOR)).status_code == 404
    query = {"from": "2026-11-24T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    answer = await small_city.http.get(seen(), params=query, headers=OPERATOR)
    assert answer.status_code == 422
    assert "after" in answer.text


async def test_nobody_outside_reports(small_city: City) -> None:
    answer = await small_city.http.post(
        "/internal/usage", json={}, headers={"x-city-gateway-key": "wrong"}
    )
    assert answer.status_code == 403
    assert (await report(small_city, 0, use())).status_code == 422
    assert (await report(small_city, 1, *[use()] * 501)).status_code == 422
    routes = (await small_city.policy())["routes"]
    assert not any(route["path"].startswith("/internal") for route in routes)


async def test_who_still_calls_what_is_to_go_is_told(tmp_path: Path) -> None:
    going = copy.deepcopy(DOCUMENT)
    going["paths"]["/benches"]["get"] |= {"deprecated": True, "summary": "All benches"}
    going["paths"]["/benches"]["get"]["x-city"] |= {"sunset": "2027-03-31"}
    async with running(tmp_path, network=Network({URL: going})) as city:
        assert (await attach(city)).status_code == 201
        old = use("parks.listBenches", "app", statuses=[0, 0, 2])
        await report(city, 1, old, use("parks.listBenches"), use())
        answer = await city.http.get("/control/v1/deprecations", headers=OPERATOR)
        assert answer.json() == [
            {
                "operation": "parks.listBenches",
                "method": "GET",
                "path": "/apps/parks/benches",
                "title": "All benches",
                "deprecated": None,
                "sunset": "2027-03-31T00:00:00+09:00",
                "callers": [
                    {"client": "app", "requests": 2},
                    {"client": "machine", "requests": 1},
                ],
            }
        ]
        city.clock.advance(31 * 24 * 3600)
        (late,) = (await city.http.get("/control/v1/deprecations", headers=OPERATOR)).json()
        assert late["callers"] == []
