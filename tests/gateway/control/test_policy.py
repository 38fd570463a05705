"""The snapshot and its long-poll."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from gateway.control.policy.endpoint import wait_preference
from schemas import policy
from tests.gateway.control.city import PUBLIC, City


async def poll(city: City, revision: str, prefer: str = "wait=20") -> httpx.Response:
    return await city.http.get(
        policy.PATH, headers={"if-none-match": f'"{revision}"', "prefer": prefer}
    )


async def waiting(city: City) -> None:
    """Until somebody waits for the next policy."""
    publisher = city.control.publisher
    async with asyncio.timeout(5):
        while not publisher.waiting:
            await asyncio.sleep(0.01)


async def test_the_snapshot_says_all_that_the_core_needs(city: City) -> None:
    answer = await city.http.get(policy.PATH)
    body = answer.json()
    assert answer.headers["etag"] == f'"{body["revision"]}"'
    members = policy.Snapshot.__annotations__.items()
    needed = {name for name, kind in members if "NotRequired" not in str(kind)}
    assert set(body) == needed | {"datasets"}
    assert (body["format"], body["issuer"], body["audience"]) == (policy.FORMAT, PUBLIC, PUBLIC)
    assert body["upstreams"]["control"]["addresses"] == ["control:8001"]
    assert body["upstreams"]["control"]["internal"] is True
    assert body["clients"]["machine"] == {
        "client_class": "service",
        "rate": {"requests": 50, "seconds": 10},
        "suspended": False,
    }
    paths = {route["path"]: route for route in body["routes"]}
    assert paths["/oauth/token"]["access"] == "open"
    assert paths["/control/v1/apis"]["scopes"] == [["operator:apis"]]
    assert not [path for path in paths if path.startswith(("/internal", "/healthz", "/readyz"))]


async def test_a_held_revision_waits_and_gets_304(small_city: City) -> None:
    held = (await small_city.policy())["revision"]
    began = time.monotonic()
    answer = await poll(small_city, held, "respond-async, wait=1")
    assert answer.status_code == 304
    assert 0.9 <= time.monotonic() - began < 5
    assert (await poll(small_city, held, "")).status_code == 304


async def test_an_old_revision_is_answered_at_once(small_city: City) -> None:
    assert (await poll(small_city, "old")).status_code == 200


@pytest.mark.parametrize("change", ["suspend", "revoke", "rotate", "register"])
async def test_a_change_wakes_who_waits_at_once(city: City, change: str) -> None:
    held = (await city.policy())["revision"]
    poller = asyncio.create_task(poll(city, held))
    await waiting(city)
    began = time.monotonic()
    if change == "suspend":
        await city.http.post("/control/v1/clients/machine/suspend")
    elif change == "rotate":
        await city.http.post("/control/v1/keys/rotate", json={})
    elif change == "register":
        await city.http.post("/control/v1/clients", json={"scope": "mobility:read"})
    else:
        token = (await city.token()).json()["access_token"]
        auth = ("machine", "machine-secret-machine-secret")
        await city.http.post("/oauth/revoke", data={"token": token}, auth=auth)
    answer = await poller
    assert answer.status_code == 200
    assert answer.json()["revision"] != held
    assert time.monotonic() - began < 1


async def test_a_change_by_another_process_is_noticed(city: City) -> None:
    held = (await city.policy())["revision"]
    poller = asyncio.create_task(poll(city, held))
    await waiting(city)
    async with city.control.publisher.transaction() as connection:  # as another would: no refresh
        from gateway.control.oauth.effects import RevokeToken

        expires = int(city.clock.now.timestamp()) + 100
        await RevokeToken("elsewhere", expires).apply(connection, 0)
    answer = await poller
    assert "elsewhere" in answer.json()["revoked"]["tokens"]


async def test_stopping_lets_the_waiting_go(small_city: City) -> None:
    held = (await small_city.policy())["revision"]
    poller = asyncio.create_task(poll(small_city, held))
    await waiting(small_city)
    began = time.monotonic()
    await small_city.app.state.drain()
    assert (await poller).status_code == 304
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=30", 30),
        ("respond-async, wait=5", 5),
        ('Wait="7"', 7),
        ("wait=9999", 60),
        ("wait=-1", 0),
        ("await=5", 0),
        ("", 0),
        ("wait=x", 0),
    ],
)
def test_the_wait_that_is_preferred(prefer: str, seconds: int) -> None:
    assert wait_preference(prefer) == seconds
