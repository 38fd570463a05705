"""Nothing that was accepted is lost: processes killed for real, in the middle of their work."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from typing import Any

import httpx
import pytest

from services.broker.events.binding import as_delivery
from services.broker.log import EventLog, LogUnavailable, Position, open_log
from tests.servers.choose import Killable
from tests.services.broker.domain import THING, thing
from tests.services.broker.processes import DEADLINE, process
from tests.services.broker.running import Listener, party, publish, until

KEYS = 5


class Publisher:
    """Publishes numbered events until stopped, and notes which were accepted.

    One key's events are sent in order, a failed request again until it is accepted: what was
    stored without our knowing is sent twice and must still be there once.
    """

    def __init__(self, url: str, subject: str) -> None:
        self._url, self._subject = url, subject
        self.accepted: list[int] = []
        self.done = asyncio.Event()

    async def run(self) -> None:
        number = 0
        async with party(self._url) as api:
            while not self.done.is_set():
                events = [self._event(number + i) for i in range(random.randrange(1, 6))]
                await self._until_accepted(api, events)
                self.accepted += [event["data"]["number"] for event in events]
                number += len(events)

    def _event(self, number: int) -> dict[str, Any]:
        return thing(
            number, id=f"{self._subject}-{number}", subject=f"{self._subject}-{number % KEYS}"
        )

    async def _until_accepted(self, api: httpx.AsyncClient, events: list[dict[str, Any]]) -> None:
        async with asyncio.timeout(DEADLINE):
            while True:
                try:
                    if (await publish(api, *events)).status_code == 202:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.02)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(DEADLINE):
            while len(self.accepted) < count:
                await asyncio.sleep(0.005)


async def on_the_log(log: EventLog, subject: str, wanted: int) -> dict[str, list[int]]:
    """The numbers on the log by key, first occurrences, once ``wanted`` of them are there."""
    found: dict[str, list[int]] = defaultdict(list)
    position = Position()
    async with asyncio.timeout(DEADLINE):
        while sum(map(len, found.values())) < wanted:
            try:
                position = await _read_on(log, position, subject, found)
            except LogUnavailable:
                await asyncio.sleep(0.1)
    return found


async def _read_on(
    log: EventLog, position: Position, subject: str, found: dict[str, list[int]]
) -> Position:
    reader = await log.reader(["city.test.thing"], position)
    try:
        batch = await reader.read(limit=500, wait=1.0)
        for stored in batch.records:
            delivery = as_delivery(stored, position)
            key = stored.record.key
            if delivery and key.startswith(subject):
                number = int(delivery.id.rpartition("-")[2])
                if number not in found[key]:
                    found[key].append(number)
        return batch.position
    finally:
        await reader.close()


def assert_complete(found: dict[str, list[int]], accepted: list[int]) -> None:
    """Every accepted event is there, and each key's events are in order."""
    there = {number for numbers in found.values() for number in numbers}
    assert set(accepted) <= there
    for numbers in found.values():
        assert numbers == sorted(numbers)


@pytest.fixture(params=["embedded", "servers"])
def urls(request: pytest.FixtureRequest, sqlite_url: str, embedded_url: str) -> tuple[str, str]:
    """Store and log: the defaults that need no server, and the real servers."""
    if request.param == "embedded":
        return sqlite_url, embedded_url
    database = request.getfixturevalue("postgres_server").database()
    return str(database), str(request.getfixturevalue("kafka_url"))


async def test_killing_the_broker_loses_no_accepted_event(urls: tuple[str, str]) -> None:
    """SIGKILL while events are being accepted and relayed, twice over."""
    store_url, log_url = urls
    async with process(store_url, log_url) as broker:
        subject = f"kill-{broker.port}"
        publisher = Publisher(broker.url, subject)
        publishing = asyncio.create_task(publisher.run())
        for kills in range(1, 3):
            await publisher.until(60 * kills)
            await broker.kill()
            await broker.start()
        await publisher.until(len(publisher.accepted) + 20)
        publisher.done.set()
        await publishing
    async with process(store_url, log_url):
        log = open_log(log_url)
        found = await on_the_log(log, subject, len(publisher.accepted))
        await log.close()
    assert_complete(found, publisher.accepted)


async def test_events_accepted_before_the_kill_are_published_after_it(
    sqlite_url: str, own_kafka: Killable
) -> None:
    """Between accept and publish: the log is away, the broker accepts, and dies with its outbox."""
    own_kafka.kill()
    async with process(sqlite_url, own_kafka.url) as broker:
        async with party(broker.url) as api:
            for number in range(20):
                event = thing(number, id=f"gap-{number}", subject=f"gap-{number % KEYS}")
                assert (await publish(api, event)).status_code == 202
            metrics = (await api.get("/metrics")).text
            assert "city_broker_log_reachable 0.0" in metrics
            assert (await api.get("/readyz")).json()["notes"]
        await broker.kill()
        own_kafka.start()
        await broker.start()
        log = open_log(own_kafka.url)
        found = await on_the_log(log, "gap-", 20)
        await log.close()
    assert_complete(found, [*range(20)])


async def test_killing_kafka_loses_no_accepted_event(sqlite_url: str, own_kafka: Killable) -> None:
    """And none is missing for a reader who follows the stream all the time."""
    stream = Listener()
    async with process(sqlite_url, own_kafka.url) as broker, party(broker.url) as api:
        following = asyncio.create_task(stream.follow(api, THING))
        await until(lambda: stream.comments)
        publisher = Publisher(broker.url, "kafka")
        publishing = asyncio.create_task(publisher.run())
        for kills in range(1, 3):
            await publisher.until(80 * kills)
            own_kafka.kill()
            await publisher.until(80 * kills + 40)  # accepted while there is no log
            await asyncio.to_thread(own_kafka.start)
        await publisher.until(len(publisher.accepted) + 20)
        publisher.done.set()
        await publishing
        log = open_log(own_kafka.url)
        found = await on_the_log(log, "kafka", len(publisher.accepted))
        await log.close()
        await until(lambda: set(publisher.accepted) <= set(stream.numbers), DEADLINE)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert_complete(found, publisher.accepted)


async def test_a_consumer_that_is_killed_with_the_broker_handles_everything(
    sqlite_url: str, embedded_url: str
) -> None:
    """A group over HTTP, the broker killed between fetch and commit: at least once, in order."""
    chance = random.Random(0)
    handled: list[int] = []
    async with process(sqlite_url, embedded_url) as broker, party(broker.url) as api:
        await publish(api, *(thing(n) for n in range(50)))
        while len(set(handled)) < 50:
            try:
                batch = await api.post(
                    "/events/v1/groups/g/fetch",
                    json={"limit": 7, "waitSeconds": 2, "consumer": "me"},
                )
                handled += [event["data"]["number"] for event in batch.json()["events"]]
                if chance.random() < 0.3:
                    await broker.kill()
                    await broker.start()
                    continue
                await api.post(
                    "/events/v1/groups/g/commit", json={"cursor": batch.json()["cursor"]}
                )
            except httpx.TransportError:
                continue
    assert list(dict.fromkeys(handled)) == [*range(50)]
