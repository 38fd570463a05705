"""Workers make themselves known, and hear that they are to drain."""

from __future__ import annotations

from typing import Any

from schemas.workers import MISSING_AFTER, WORKERS
from tests.gateway.control.city import City

GATEWAYS = "/control/v1/gateways"


def report(worker: str = "w-1", **changes: Any) -> dict[str, Any]:
    return {
        "worker": worker, "gateway": "node-a:8000", "address": "0.0.0.0:8000", "number": 0,
        "revision": "", "started": 1_764_000_000.0, "under_way": 3, "connections": 8,
        "draining": False, "gone": False, **changes,
    }  # fmt: skip


async def tell(city: City, *args: Any, **changes: Any) -> bool:
    answer = await city.http.post(WORKERS, json=report(*args, **changes))
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["drain"])


async def test_workers_of_several_gateways_are_listed(city: City) -> None:
    newest = (await city.policy())["revision"]
    started = city.clock().timestamp() - 90
    await tell(city, "w-1", revision=newest, started=started)
    await tell(city, "w-2", number=1, revision="of-before", draining=True)
    await tell(city, "w-3", gateway="node-b:8000", under_way=0)
    city.clock.advance(2)
    await tell(city, "w-1", revision=newest, started=started, under_way=5)
    gateways = (await city.http.get(GATEWAYS)).json()
    assert [one["gateway"] for one in gateways] == ["node-a:8000", "node-b:8000"]
    first, second = gateways[0]["workers"]
    assert (first["current"], first["uptime"], first["underWay"], first["seen"]) == (True, 92, 5, 0)
    assert (second["current"], second["draining"], second["seen"]) == (False, True, 2)


async def test_a_worker_hears_that_it_is_to_drain_and_its_successor_does_not(city: City) -> None:
    assert not await tell(city)
    before = (await city.policy())["revision"]
    for _ in range(2):  # asked twice is asked once
        answer = await city.http.post(
            f"{GATEWAYS}/w-1/drain", headers={"x-city-client": "console", "x-city-operator": "s-1"}
        )
        assert answer.status_code == 202
        assert answer.json()["drainAsked"]
    assert await tell(city)
    assert await tell(city, draining=True), "it stays so until it is gone"
    assert not await tell(city, "w-9")
    assert (await city.policy())["revision"] == before, "no worker but this one has work by it"
    events = (await city.http.get("/audit/v1/events?action=worker.drain")).json()
    assert events[0]["client"] == "staff:s-1"
    assert (events[0]["target"], events[0]["detail"]["gateway"]) == ("w-1", "node-a:8000")


async def test_who_has_ended_or_is_silent_is_listed_no_more(small_city: City) -> None:
    await tell(small_city, "w-1")
    await tell(small_city, "w-2")
    await tell(small_city, "w-1", gone=True)
    workers = (await small_city.http.get(GATEWAYS)).json()[0]["workers"]
    assert [one["worker"] for one in workers] == ["w-2"]
    small_city.clock.advance(MISSING_AFTER + 1)
    assert (await small_city.http.get(GATEWAYS)).json() == []
    answer = await small_city.http.post(f"{GATEWAYS}/w-2/drain")
    assert answer.status_code == 404
    assert "replaced" in answer.json()["detail"]


async def test_it_needs_its_scope(small_city: City) -> None:
    routes = {route["id"]: route for route in (await small_city.policy())["routes"]}
    for name in ("listGateways", "drainWorker"):
        assert routes[f"control.{name}"]["scopes"] == [["operator:gateways"]]
    assert not any(route["path"].startswith("/internal") for route in routes.values())
