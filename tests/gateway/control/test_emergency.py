"""Emergency mode at the control plane: declared, published, recorded, over."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.policy.territory import Territory, territory
from tests.gateway.control.city import City

PATH = "/control/v1/emergency"
OPERATOR = {"x-city-client": "operator-app"}


def asked(city: City, hours: float = 6, **changes: Any) -> dict[str, Any]:
    until = city.clock.now + timedelta(hours=hours)
    return {"reason": "Earthquake, intensity 6+", "until": until.isoformat(), **changes}


async def test_an_emergency_is_in_the_policy_at_once_and_recorded(city: City) -> None:
    before = (await city.policy())["revision"]
    assert (await city.http.get(PATH)).status_code == 404
    answer = await city.http.post(PATH, json=asked(city, level="severe"), headers=OPERATOR)
    assert answer.status_code == 201
    declared = answer.json()
    assert (await city.http.get(PATH)).json() == declared
    now = int(city.clock.now.timestamp())
    policy = await city.policy()
    assert policy["revision"] != before
    assert policy["emergency"] == {
        "id": declared["id"], "since": now, "until": now + 6 * 3600, "level": "severe",
        "reason": "Earthquake, intensity 6+",
    }  # fmt: skip

    assert (await city.http.delete(PATH, headers=OPERATOR)).status_code == 204
    assert (await city.http.delete(PATH)).status_code == 404
    assert (await city.policy())["revision"] == before
    ended, began = (await city.http.get("/audit/v1/events")).json()
    assert (began["action"], began["client"]) == ("emergency.declare", "operator-app")
    assert (ended["action"], ended["client"]) == ("emergency.end", "operator-app")
    assert began["target"] == ended["target"] == declared["id"]
    assert began["detail"]["reason"] == "Earthquake, intensity 6+"


async def test_a_second_call_takes_the_place_of_the_first(city: City) -> None:
    first = (await city.http.post(PATH, json=asked(city))).json()
    city.clock.advance(60)
    second = (await city.http.post(PATH, json=asked(city, level="critical"))).json()
    assert first["level"] == "elevated"
    assert first["id"] != second["id"]
    assert (await city.policy())["emergency"]["level"] == "critical"
    assert (await city.http.delete(PATH)).status_code == 204
    assert "emergency" not in await city.policy(), "the first does not come back"


async def test_it_leaves_the_policy_when_its_time_is_over(city: City) -> None:
    await city.http.post(PATH, json=asked(city, hours=72))
    city.clock.advance(72 * 3600 - 1)
    await city.control.publisher.refresh()
    assert "emergency" in await city.policy()
    city.clock.advance(1)
    await city.control.publisher.refresh()
    assert "emergency" not in await city.policy()
    assert (await city.http.get(PATH)).status_code == 404


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"hours": 72.1}, "/until"),
        ({"hours": 0}, "/until"),
        ({"hours": -1}, "/until"),
        ({"until": "2026-11-24T09:00:00"}, "until"),
        ({"reason": "  x "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"level": "total"}, "level"),
    ],
)
async def test_what_cannot_be_an_emergency_is_refused_with_its_place(
    small_city: City, change: dict[str, Any], where: str
) -> None:
    answer = await small_city.http.post(PATH, json=asked(small_city, **change))
    assert answer.status_code == 422
    assert where in json.dumps(answer.json()["errors"])
    assert "emergency" not in await small_city.policy()


async def test_only_operators_reach_it_and_it_is_served_like_life_safety(small_city: City) -> None:
    routes = [route for route in (await small_city.policy())["routes"] if route["path"] == PATH]
    assert {route["method"] for route in routes} == {"GET", "POST", "DELETE"}
    for route in routes:
        assert route["scopes"] == [["operator:emergency"]]
        assert (route["priority"], route["emergency"]) == ("life-safety", "reserved")


def document(method: str = "get", **x_city: Any) -> CompiledApi:
    return compiled(territory("mobility", internal=True), method, x_city)


def compiled(where: Territory, method: str, x_city: dict[str, Any]) -> CompiledApi:
    scope = f"{where.areas[0]}:read"
    security = [] if x_city.get("access") == "open" else [{"oauth": [scope]}]
    path = "/list" if where.mount else "/mobility/v1/list"
    return compile_api(
        json.dumps(
            {
                "openapi": "3.1.0",
                "info": {"title": "T", "version": "1"},
                "paths": {path: {method: {"security": security, "x-city": x_city}}},
                "components": {"securitySchemes": {"oauth": {"type": "oauth2", "flows": {}}}},
                "x-city": {
                    "domain": "mobility",
                    "datasets": [
                        {"id": "stops", "title": "Stops", "titleJa": "停留所"},
                        {"id": "riders", "title": "R", "titleJa": "人", "legalClass": "personal"},
                    ],
                },
            }
        ).encode(),
        where,
    )


@pytest.mark.parametrize("mark", ["reserved", "open"])
def test_a_mark_is_in_the_route(mark: str) -> None:
    (route,) = document(dataset="stops", emergency=mark).routes
    assert route["emergency"] == mark
    (plain,) = document(dataset="stops").routes
    assert "emergency" not in plain


@pytest.mark.parametrize(
    ("method", "x_city", "what"),
    [
        ("get", {"access": "personal", "dataset": "riders"}, "access personal"),
        ("get", {"access": "open", "dataset": "stops"}, "access open"),
        ("post", {"dataset": "stops"}, "Only a GET"),
        ("get", {"dataset": "riders"}, "about nobody"),
        ("get", {}, "about nobody"),
    ],
)
def test_what_must_not_be_opened_is_refused_when_its_document_is_read(
    method: str, x_city: dict[str, Any], what: str
) -> None:
    (fault,) = document(method, emergency="open", **x_city).faults
    assert what in fault.what
    assert fault.where.endswith("/x-city/emergency")
    assert document(method, emergency="reserved", **x_city).faults == ()


def test_an_attached_api_claims_no_capacity() -> None:
    parks = territory("parks", internal=False)
    (fault,) = compiled(parks, "get", {"dataset": "stops", "emergency": "reserved"}).faults
    assert "given by the city" in fault.what
