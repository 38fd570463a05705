"""Names of upstreams: looked up in the background, and what they stand for may change."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from gateway.core.bounds import Bounds
from gateway.core.upstreams import names
from gateway.core.upstreams.names import is_name, place
from schemas.policy import Snapshot
from tests.gateway.core.city import Gateway, api, gateway, snapshot, until, upstream
from tests.gateway.core.load import load
from tests.gateway.core.test_faults import events

OFTEN = Bounds(tick=0.01, linger=0.3, resolve=0.05)


class Directory:
    """What names stand for, as a name server would say."""

    def __init__(self) -> None:
        self.hosts = ["127.0.0.1"]
        self.asked = 0
        self.broken = False

    async def lookup(self, host: str, port: int) -> list[str]:
        self.asked += 1
        if self.broken or host != "app.internal":
            raise OSError("no such name")
        return self.hosts


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Directory:
    found = Directory()
    monkeypatch.setattr(names, "lookup", found.lookup)
    return found


def hosts(city: Gateway) -> list[str]:
    assert city.core.policy is not None
    return [each.host for each in city.core.policy.upstreams["main"].addresses]


def named(port: int) -> Snapshot:
    """A policy in which the API is known by name."""
    return snapshot(upstreams={"main": {**upstream(port), "addresses": [f"app.internal:{port}"]}})


async def test_a_name_is_looked_up_before_anybody_asks(directory: Directory) -> None:
    async with api() as behind, gateway(named(behind.port)) as city:
        await until(lambda: hosts(city) == ["127.0.0.1"])
        asked = directory.asked
        for _ in range(5):
            assert (await city.get("/open")).status == 200
        assert directory.asked == asked, "not while a request waits"


async def test_a_name_that_moves_is_followed_and_nothing_fails(directory: Directory) -> None:
    async with (
        api() as behind,
        gateway(named(behind.port), bounds=OFTEN) as city,
    ):
        await until(lambda: hosts(city) == ["127.0.0.1"])
        async with load(city, clients=4) as reads:
            await reads.more(50)
            directory.hosts = ["127.0.0.1", "127.0.0.2"]
            await until(lambda: hosts(city) == ["127.0.0.1", "127.0.0.2"])
            await reads.more(50)
            directory.hosts = ["127.0.0.1"]
            await until(lambda: hosts(city) == ["127.0.0.1"])
            await reads.more(50)
            assert reads.failed == 0


async def test_what_stays_keeps_its_connections_when_a_name_moves(directory: Directory) -> None:
    async with api() as behind, gateway(named(behind.port), bounds=OFTEN) as city:
        await until(lambda: hosts(city) == ["127.0.0.1"])
        await city.get("/open")
        directory.hosts = ["127.0.0.1", "127.0.0.2"]
        await until(lambda: len(hosts(city)) == 2)
        directory.hosts = ["127.0.0.1"]
        await until(lambda: len(hosts(city)) == 1)
        await city.get("/open")
        assert behind.connections == 1


async def test_a_name_that_cannot_be_looked_up_stands_for_what_it_last_did(
    directory: Directory,
) -> None:
    async with (
        api() as behind,
        gateway(named(behind.port), bounds=OFTEN) as city,
    ):
        await until(lambda: hosts(city) == ["127.0.0.1"])
        directory.broken = True
        await until(lambda: events(city).get("lookup_failures", 0) >= 2)
        assert hosts(city) == ["127.0.0.1"]
        assert (await city.get("/open")).status == 200


async def test_a_refused_connection_has_the_name_looked_up_at_once(directory: Directory) -> None:
    rarely = Bounds(tick=0.01, linger=0.3, resolve=2.0)
    directory.hosts = ["127.0.0.3"]
    async with (
        api() as behind,
        gateway(named(behind.port), bounds=rarely) as city,
    ):
        await until(lambda: hosts(city) == ["127.0.0.3"])
        directory.hosts = ["127.0.0.1"]
        began = asyncio.get_running_loop().time()
        assert (await city.get("/open")).status == 502, "nobody is there"
        await until(lambda: hosts(city) == ["127.0.0.1"])
        assert asyncio.get_running_loop().time() - began < 1.0
        assert (await city.get("/open")).status == 200


async def test_names_are_not_looked_up_for_a_policy_that_has_gone(directory: Directory) -> None:
    async with (
        api() as behind,
        gateway(named(behind.port), bounds=OFTEN) as city,
    ):
        await until(lambda: directory.asked >= 2)
        city.core.apply(orjson.dumps(snapshot(behind.port, revision="r2")))
        await asyncio.sleep(0)
        asked = directory.asked
        await asyncio.sleep(4 * OFTEN.resolve)
        assert directory.asked == asked


async def test_the_machines_own_name_is_one_address() -> None:
    assert len(await names.lookup("localhost", 80)) == 1


def test_places_are_read_as_the_policy_has_them() -> None:
    assert place("10.0.0.1:80") == ("10.0.0.1", 80)
    assert place("[::1]:80") == ("::1", 80)
    assert [is_name(host) for host in ("::1", "10.0.0.1", "app", "1.2.3")] == [
        False, False, True, True,
    ]  # fmt: skip
