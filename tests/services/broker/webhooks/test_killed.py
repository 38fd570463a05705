"""The broker killed between sending and noting it: at least once, under the same id."""

from __future__ import annotations

import asyncio
from functools import partial

import httpx

from tests.servers.choose import Databases
from tests.services.broker.domain import thing
from tests.services.broker.processes import process
from tests.services.broker.running import party, publish, until
from tests.services.broker.webhooks.subscriber import Subscriber, subscribing

calling = partial(process, deliver_to="127.0.0.0/8")


async def test_a_broker_that_is_killed_while_it_sends_loses_no_message(
    sqlite_url: str, embedded_url: str
) -> None:
    async with subscribing() as subscriber, calling(sqlite_url, embedded_url) as broker:
        async with party(broker.url) as api:
            await subscriber.subscribe(api, types=["city.test.thing.moved"])
            subscriber.receiver.hold.clear()
            sent = [thing(number, id=f"kill-{broker.port}-{number}") for number in range(40)]
            assert (await publish(api, *sent)).status_code == 202
        await until(lambda: subscriber.receiver.at_once > 0)
        await broker.kill()
        subscriber.receiver.hold.set()  # taken, but the broker does not live to hear it
        await until(lambda: subscriber.messages)
        first = len(subscriber.messages)
        await broker.start()
        await until(lambda: len(set(subscriber.numbers)) == 40, deadline=60)
        await until(lambda: len(subscriber.messages) >= 40 + first, deadline=60)
    assert_same_ids(subscriber)


def assert_same_ids(subscriber: Subscriber) -> None:
    """Who drops what it has seen by ``webhook-id`` has each event once."""
    by_id = {message: event["id"] for message, event in subscriber.messages}
    assert sorted(set(by_id.values())) == sorted({e["id"] for _, e in subscriber.messages})
    assert len(by_id) == 40


async def test_two_brokers_on_postgresql_and_kafka_share_the_work(
    postgres_server: Databases, kafka_url: str
) -> None:
    """Sent once by either of them, sent again by one, replayed by the other."""
    urls = postgres_server.database(), kafka_url
    async with (
        subscribing() as one,
        calling(*urls) as broker,
        calling(*urls) as other,
        party(broker.url) as api,
        party(other.url) as second,
    ):
        path = await one.subscribe(api, types=["city.test.thing.moved"], ordered=True)
        mine = f"both-{broker.port}"
        for number in range(20):
            event = thing(number, id=f"{mine}-{number}", subject=mine)
            assert (await publish(api if number % 2 else second, event)).status_code == 202
        await until(lambda: len(set(mine_of(one, mine))) == 20, deadline=60)
        first = list(dict.fromkeys(mine_of(one, mine)))
        await until_delivered(second, path, 20)
        had = len(mine_of(one, mine))
        again = await second.post(f"{path}/deliveries/{first[3]}/redeliver")
        assert again.status_code == 202, again.text
        await until(lambda: len(mine_of(one, mine)) > had, deadline=60)
        assert mine_of(one, mine)[had] == first[3]
        had = len(mine_of(one, mine))
        long_ago = {"from": "2020-01-01T00:00:00Z"}
        assert (await second.post(f"{path}/replay", json=long_ago)).status_code == 202
        await until(lambda: len(set(mine_of(one, mine)[had:])) == 20, deadline=60)
        assert list(dict.fromkeys(mine_of(one, mine)[had:])) == first


def mine_of(subscriber: Subscriber, subject: str) -> list[str]:
    return [message for message, event in subscriber.messages if event["subject"] == subject]


async def until_delivered(api: httpx.AsyncClient, path: str, count: int) -> None:
    async with asyncio.timeout(30):
        while True:
            answer = await api.get(f"{path}/deliveries", params={"state": "delivered"})
            if len(answer.json()["deliveries"]) >= count:
                return
            await asyncio.sleep(0.05)
