"""A resident's apps read the trail; auditors see all and change nothing."""

from __future__ import annotations

from tests.gateway.control.audit.accesses import access, send
from tests.gateway.control.city import City

PATH = "/residents/v1/me/accesses"
HANAKO = {"x-city-subject": "hanako", "x-city-client": "app"}


async def test_uses_are_told_as_in_estonia_page_by_page(city: City) -> None:
    await send(city, *(access(number, fields=[]) for number in range(3)), access(3, "taro"))
    first = (await city.http.get(f"{PATH}?limit=2", headers=HANAKO)).json()
    assert first["totalUsages"] == 3
    assert [one["request"] for one in first["uses"]] == ["r2", "r1"]
    assert first["uses"][1] == {
        "logtime": "2025-11-24T06:00:00.001Z",
        "action": "data.access",
        "receiver": "Booking app",
        "receiverCode": "app",
        "receiverSystem": "medical.listAppointments",
        "dataset": "appointments",
        "purpose": "transport-to-care",
        "fields": [],
        "outcome": "done",
        "request": "r1",
    }
    query = f"{PATH}?limit=2&before={first['next']}"
    last = (await city.http.get(query, headers=HANAKO)).json()
    assert [one["request"] for one in last["uses"]] == ["r0"]
    assert last["next"] is None


async def test_the_gateway_lets_nobody_in_without_the_residents_consent(small_city: City) -> None:
    policy = await small_city.policy()
    (route,) = [one for one in policy["routes"] if one["path"] == PATH]
    assert (route["access"], route["dataset"]) == ("personal", "access-trail")
    assert route["scopes"] == [["trail:read"]]
    assert policy["upstreams"]["control"]["sector"] == "audit"
    assert policy["datasets"]["access-trail"]["legal_class"] == "personal"


async def test_an_auditor_changes_nothing(small_city: City) -> None:
    routes = (await small_city.policy())["routes"]
    mine = [one for one in routes if any(set(some) <= {"audit:read"} for some in one["scopes"])]
    assert {one["method"] for one in mine} == {"GET"}
    assert len(mine) >= 4
    writing = {one["path"] for one in routes if one["method"] not in ("GET", "HEAD")}
    open_to_all = {one["path"] for one in routes if one["access"] == "open"}
    # forms of people, in which no token counts
    allowed = ("/oauth/", "/my", "/staff/", "/developers/", "/console/")
    assert all(path.startswith(allowed) for path in writing & open_to_all), writing & open_to_all
