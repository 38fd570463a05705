"""Operators have kept answers forgotten: by route, by data set, or all."""

from __future__ import annotations

import pytest

from gateway.control import purges
from tests.gateway.control.city import City

PURGE = "/control/v1/cache/purge"
ROUTE = "control.getOpenApiDocument"


async def test_a_purge_is_in_the_policy(city: City) -> None:
    assert "purged" not in await city.policy()
    first = (await city.http.post(PURGE, json={"all": True})).json()
    revision = (await city.policy())["revision"]
    second = (await city.http.post(PURGE, json={"all": True})).json()
    # in the same millisecond, and yet another moment: cores must see that it is a new one
    assert second["moment"] == first["moment"] + 1
    answer = await city.http.post(PURGE, json={"route": ROUTE})
    assert answer.status_code == 200
    policy = await city.policy()
    assert policy["purged"] == {"*": second["moment"], f"route:{ROUTE}": first["moment"]}
    assert policy["revision"] != revision


async def test_old_purges_are_forgotten(small_city: City) -> None:
    await small_city.http.post(PURGE, json={"all": True})
    small_city.clock.advance(purges.KEPT / 1_000 + 1)
    await small_city.http.post(PURGE, json={"route": ROUTE})
    assert set((await small_city.policy())["purged"]) == {f"route:{ROUTE}"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"all": True, "route": ROUTE}, 422),
        ({"route": "control.listClients"}, 404),
        ({"dataset": "nothing"}, 404),
    ],
)
async def test_a_purge_names_one_thing_that_is_kept(
    small_city: City, body: dict[str, object], status: int
) -> None:
    answer = await small_city.http.post(PURGE, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_purge_needs_its_scope(small_city: City) -> None:
    routes = {route["id"]: route for route in (await small_city.policy())["routes"]}
    assert routes["control.purgeCache"]["scopes"] == [["operator:cache"]]
    assert routes[ROUTE]["cache"] == {}
    assert "cache" not in routes["control.listClients"]
