"""Data of three domains, shared through a broker that is killed again and again.

On Kafka and PostgreSQL; what the embedded log and SQLite do when their process is killed is in
``tests/services/broker/test_faults.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.city import City, running_city, until
from tests.journeys.followers import GroupReader, WebhookConsumer, listening
from tests.journeys.outsiders import Api, BikeConnector, DataHolder
from tests.servers.choose import Databases, Killable

OPTIONS = ("--no-sample", "--restart", "--deliver-to", "127.0.0.0/8", "--workers", "1")
KILLS = 2
SOME = 12
"""Events after which the broker is in the middle of its work."""


@pytest.fixture
def servers(own_kafka: Killable, postgres_server: Databases) -> tuple[str, ...]:
    """A log and a store of one's own: on a shared log one would hear of other cities too."""
    return ("--log-url", own_kafka.url, "--store-url", postgres_server.database())


def outsider(city: City, scope: str) -> Api:
    return Api(city.url, *city.register(scope, rate=[6000, 60]))


def known(api: Api) -> dict[str, Any]:
    """The same state, as the broker's entities tell it."""

    def all_of(entity_type: str) -> list[dict[str, Any]]:
        path = f"/ngsi-ld/v1/entities?type={entity_type}&options=keyValues&limit=500"
        found: list[dict[str, Any]] = api.ask("GET", path)
        return found

    docks = {one["id"]: one["availableBikeNumber"] for one in all_of("BikeHireDockingStation")}
    alerts = {one["id"]: one["state"] for one in all_of("Alert")}
    parcels = {one["epc"]: one["lastEvent"] for one in all_of("Shipment")}
    return {**docks, **alerts, **parcels}


@contextmanager
def working(*works: Callable[[int], None]) -> Iterator[Callable[[], None]]:
    """Each work done again and again, with the number of its turn, until told to stop.

    Yields:
        stops them, and raises what one of them raised.
    """
    stop = threading.Event()

    def again(work: Callable[[int], None]) -> None:
        for turn in count(1):
            work(turn)
            if stop.wait(0.2):
                return

    with ThreadPoolExecutor(len(works)) as pool:
        running: list[Future[None]] = [pool.submit(again, work) for work in works]

        def end() -> None:
            stop.set()
            for one in running:
                one.result()

        try:
            yield end
        finally:
            stop.set()


def kill_and_await(city: City, consumer: WebhookConsumer) -> None:
    """The broker killed while it delivers, and delivering again."""
    before = len(consumer.events)
    until(lambda: len(consumer.events) > before + SOME, 60)
    killed = city.kill("broker")
    until(lambda: city.pid("broker") not in {0, killed}, 40, lambda: city.guide)
    heard = len(consumer.events)
    until(lambda: len(consumer.events) > heard + SOME, 90, lambda: city.log("broker")[-2000:])


def test_three_domains_end_with_one_state_although_the_broker_is_killed(
    tmp_path: Path, servers: tuple[str, ...]
) -> None:
    consumer = WebhookConsumer()
    with listening(consumer) as hook, running_city(tmp_path, *OPTIONS, *servers) as city:
        bikes_api = outsider(city, "entities:write events:publish events:register")
        holder_api = outsider(city, "logistics:capture disaster:ingest")
        follower_api = outsider(city, "events:read entities:read")
        bikes, holder = BikeConnector(bikes_api), DataHolder(holder_api)
        path = consumer.subscribe(follower_api, hook)
        reader = GroupReader(follower_api)

        with working(lambda _: reader.pull()) as end_reading:
            with working(bikes.share, holder.share) as end_sharing:
                for _ in range(KILLS):
                    kill_and_await(city, consumer)
                end_sharing()
            meant = {**bikes.meant, **holder.meant}
            ends_with(meant, lambda: consumer.state)
            ends_with(meant, lambda: reader.state)
            ends_with(meant, lambda: known(follower_api))
            until(lambda: len(reader.events) == len(consumer.events))
            end_reading()

        assert bikes_api.retried  # it has felt the broker's absence
        assert reader.events == consumer.events
        said = [identity for source, identity in consumer.events if "rinrin" in source]
        assert sorted(said) == sorted(bikes.said)
        assert {kind.split(".")[1] for kind in consumer.events.values()} == {
            "bikeshare",
            "disaster",
            "logistics",
        }
        assert consumer.forged == 0
        follower_api.ask("DELETE", path)


def ends_with(meant: dict[str, Any], state: Callable[[], dict[str, Any]]) -> None:
    """A party comes to know what was meant, and nothing else."""

    def differing() -> str:
        found = dict(state())
        names = [name for name in {**found, **meant} if found.get(name) != meant.get(name)]
        return ", ".join(f"{n}: {found.get(n)} != {meant.get(n)}" for n in names[:5])

    until(lambda: state() == meant, 60, differing)
