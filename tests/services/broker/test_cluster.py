"""100,000 events through two brokers and three Kafka nodes, of which one after another fails."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.servers.kafka import KafkaServer
from tests.services.broker.domain import OTHER, THING, thing
from tests.services.broker.processes import process
from tests.services.broker.running import party, publish

EVENTS = 100_000
PUBLISHERS = 4
KEYS = 7
BATCH = 500
AHEAD = 15_000
DEADLINE = 480.0
TYPES = (THING, OTHER)  # each read by a group of its own, side by side
TOPIC = "city.test.thing"


@pytest.fixture
def cluster() -> Iterator[KafkaServer]:
    with KafkaServer(nodes=3) as cluster:
        yield cluster


@pytest.fixture
async def brokers(
    cluster: KafkaServer, postgres_server: Any
) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Parties at two replicas of one broker."""
    store = postgres_server.database()
    async with AsyncExitStack() as stack:
        both = [process(store, cluster.url, alone=True) for _ in "ab"]
        replicas = await asyncio.gather(*map(stack.enter_async_context, both))
        yield [await stack.enter_async_context(party(one.url)) for one in replicas]


class Work:
    """What was published, and the effects that a consumer had of it."""

    def __init__(self) -> None:
        self.effects: dict[str, list[int]] = defaultdict(list)
        self._seen: set[str] = set()
        self.repeated = 0
        self._grew = asyncio.Condition()

    @property
    def done(self) -> int:
        return len(self._seen)

    async def take(self, events: list[dict[str, Any]]) -> None:
        """The effects of a batch: each event's once, known by its id."""
        for event in events:
            if event["id"] in self._seen:
                self.repeated += 1
                continue
            self._seen.add(event["id"])
            self.effects[event["subject"]].append(event["data"]["number"])
        async with self._grew:
            self._grew.notify_all()

    async def until(self, count: int) -> None:
        async with self._grew:
            await self._grew.wait_for(lambda: self.done >= count)


async def publish_all(
    brokers: list[httpx.AsyncClient], name: str, type_: str, count: int, work: Work
) -> None:
    """One publisher: in order, each batch again until a broker has taken it.

    Not further ahead than :data:`AHEAD`, so that publishers work for as long as things fail.
    """
    broker = random.choice(brokers)
    for start in range(0, count, BATCH):
        await work.until(PUBLISHERS * start - AHEAD)
        events = [
            thing(n, type=type_, id=f"{name}-{n}", subject=f"{name}-{n % KEYS}")
            for n in range(start, start + BATCH)
        ]
        while True:
            with suppress(httpx.TransportError):
                if (await publish(broker, *events)).status_code == 202:
                    break
            broker = random.choice(brokers)
            await asyncio.sleep(0.1)


async def consume_all(brokers: list[httpx.AsyncClient], type_: str, work: Work) -> None:
    """One consumer, which now and then dies between the effect and the commit."""
    chance = random.Random(type_)
    group = f"/events/v1/groups/{type_.replace('.', '-')}"
    wanted = {"types": [type_], "limit": BATCH, "waitSeconds": 2, "consumer": "me"}
    while work.done < EVENTS:
        broker = chance.choice(brokers)
        with suppress(httpx.TransportError):
            answer = await broker.post(f"{group}/fetch", json=wanted)
            if answer.status_code != 200:
                await asyncio.sleep(0.1)
                continue
            await work.take(answer.json()["events"])
            if chance.random() > 0.05:
                await broker.post(f"{group}/commit", json={"cursor": answer.json()["cursor"]})


async def leader(cluster: KafkaServer) -> str:
    """The node that leads the first partition of the events' topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        (topic,) = await admin.describe_topics([TOPIC])
        assert all(len(part["replicas"]) == cluster.nodes for part in topic["partitions"])
        return f"node{topic['partitions'][0]['leader']}"
    finally:
        await admin.close()


def another(cluster: KafkaServer, name: str) -> str:
    return next(one for one in cluster.commands() if one != name)


async def misfortune(cluster: KafkaServer, work: Work) -> None:
    """Each time a tenth of the events has come through, something else fails."""
    await work.until(EVENTS // 10)
    first = await leader(cluster)
    cluster.kill(first)
    await work.until(2 * EVENTS // 10)
    await asyncio.to_thread(cluster.start)

    follower = another(cluster, await leader(cluster))
    cluster.pause(follower)
    await work.until(4 * EVENTS // 10)
    cluster.resume(follower)

    cluster.kill()
    await asyncio.to_thread(cluster.start)
    await work.until(6 * EVENTS // 10)

    cluster.kill(first)
    await asyncio.to_thread(cluster.wipe, first)
    await asyncio.to_thread(cluster.start)
    await work.until(8 * EVENTS // 10)
    cluster.kill(another(cluster, first))  # now the node that lost everything is needed


@pytest.mark.timeout(DEADLINE + 120)
async def test_nothing_is_lost_whatever_fails(
    cluster: KafkaServer, brokers: list[httpx.AsyncClient]
) -> None:
    """The leader killed, a follower cut off, all nodes killed, one node's disk lost."""
    work = Work()
    share = EVENTS // PUBLISHERS
    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
        for n in range(PUBLISHERS):
            group.create_task(publish_all(brokers, f"p{n}", TYPES[n % len(TYPES)], share, work))
        for type_ in TYPES:
            group.create_task(consume_all(brokers, type_, work))
        group.create_task(misfortune(cluster, work))
    for name, numbers in work.effects.items():
        first = int(name.rpartition("-")[2])
        assert numbers == [*range(first, share, KEYS)], f"{name}: complete, in order, each once"
    assert len(work.effects) == PUBLISHERS * KEYS
    assert work.repeated, "the consumer's deaths were felt"
