"""A city that is killed comes back with everything that it had promised to keep."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from gateway.up.plan import Ports
from gateway.up.ports import taken
from tests.journeys.city import free_base, running_city, start_city, until
from tests.journeys.test_alert_to_guidance import cap, post
from tests.journeys.test_payments import ledger, pay


async def test_a_killed_city_comes_back_with_all_of_it(tmp_path: Path) -> None:
    base, key = free_base(), str(uuid4())
    city = start_city(tmp_path, base=base)
    try:
        token = city.token()
        paid = pay(city, key).json()
        alert = await post(city, cap("before-the-crash"))
    finally:
        city.process.kill()
        city.process.wait()
    # no process of a city outlives the one that started it
    until(lambda: not taken(Ports(base).all()), explain=lambda: taken(Ports(base).all()))
    with running_city(tmp_path, base=base) as again, again.bearer(token) as http:
        # the token from before is good still: the signing key and the client are the same
        assert http.get("/mobility/v1/stops").status_code == 200
        assert pay(again, key).json()["id"] == paid["id"]
        assert all(float(one["sum"]) == 0 for one in ledger(again)["currencies"])
        assert http.get(f"/disaster/v1/alerts/{alert['id']}").json()["state"] == "active"
        # accepted before the crash, so its guidance comes, whoever was killed with what in hand
        active = until(lambda: http.get("/evacuation/v1/guidance").json()["items"])
        assert [guidance["alert"] for guidance in active] == [alert["id"]]
        until(lambda: any(e["id"] == active[0]["id"] for e in again.entities("EvacuationGuidance")))
