from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from schemas.kit.outgoing.model import Request
from schemas.kit.outgoing.schedule import FAILURES_TO_OPEN, RETRIES
from services.broker.delivery import Delivery, EndpointStatus
from services.broker.delivery.model import Drop, Prepare, Waiting
from tests.services.broker.delivery.engines import Clock, Engine, engine
from tests.services.broker.delivery.receiver import Receiver, Reply, receiving
from tests.services.broker.running import until


def to(receiver: Receiver, text: str = "x", **more: object) -> Delivery:
    given = {"endpoint": "test:one", "url": receiver.url, "body": text.encode(), **more}
    return Delivery(**given)  # type: ignore[arg-type]


async def status(sending: Engine, name: str = "test:one") -> EndpointStatus:
    return (await sending.deliveries.statuses([name])).get(name, EndpointStatus())


async def until_tried(sending: Engine, count: int, name: str = "test:one") -> EndpointStatus:
    async with asyncio.timeout(20):
        while (found := await status(sending, name)).sent < count:
            await asyncio.sleep(0.01)
    return found


async def until_idle(sending: Engine) -> None:
    """Nothing waits any more."""
    async with asyncio.timeout(20):
        while any(row.due is not None for row in await sending.rows()):
            await asyncio.sleep(0.01)


async def test_what_is_enqueued_is_sent_and_forgotten(sending: Engine, receiver: Receiver) -> None:
    await sending.send(to(receiver, "hello", headers={"content-type": "text/plain"}))
    [got] = await receiver.until(1)
    assert (got.method, got.path, got.text) == ("POST", "/hook", "hello")
    assert got.headers["content-type"] == "text/plain"
    await until_idle(sending)
    assert await sending.rows() == []
    found = await status(sending)
    assert (found.sent, found.failed, found.last_success) == (1, 0, sending.clock())


async def test_what_is_rolled_back_is_never_sent(sending: Engine, receiver: Receiver) -> None:
    with pytest.raises(RuntimeError):
        async with sending.store.write() as connection:
            await sending.deliveries.enqueue(connection, [to(receiver, "never")])
            raise RuntimeError("the change failed")
    await sending.send(to(receiver, "sent"))
    await receiver.until(1)
    assert receiver.texts == ["sent"]


async def test_a_message_is_enqueued_once_unless_asked_for_again(
    sending: Engine, receiver: Receiver
) -> None:
    once = to(receiver, message="m1", keep=60)
    await sending.send(once)
    await until_idle(sending)
    await sending.send(once, to(receiver, "other"))
    await receiver.until(2)
    await until_idle(sending)
    assert receiver.texts == ["x", "other"]
    await sending.send(once, again=True)
    await until_idle(sending)
    assert receiver.texts == ["x", "other", "x"]


async def test_a_failed_message_is_tried_again_when_its_time_comes(
    sending: Engine, receiver: Receiver
) -> None:
    answers = iter([500, 500, 200])
    receiver.reply = lambda _: Reply(next(answers))
    await sending.send(to(receiver, keep=60))
    assert (await until_tried(sending, 1)).last_error == "it answered 500"
    sending.later(RETRIES[0] * 1.2)
    assert (await until_tried(sending, 2)).failures == 2
    sending.later(RETRIES[0] * 1.2)  # not yet: the second wait is longer
    await sending.send(to(receiver, "marker", endpoint="test:two"))
    await until_tried(sending, 1, "test:two")
    assert receiver.texts.count("x") == 2
    answers = iter([200])
    sending.later(RETRIES[1] * 1.2)
    assert (await until_tried(sending, 3)).failures == 0
    [row] = [row for row in await sending.rows() if row.endpoint == "test:one"]
    assert (row.state, row.tries, row.body) == ("delivered", 3, b"")


async def test_a_message_that_nobody_ever_takes_is_given_up(
    sending: Engine, receiver: Receiver
) -> None:
    receiver.reply = lambda _: Reply(500)
    await sending.send(to(receiver, keep=10**9))
    for tries in range(1, len(RETRIES) + 2):
        await until_tried(sending, tries)
        sending.later(86_400 * 1.2)
        async with sending.store.write() as connection:  # it is about the message here
            await sending.deliveries.enable(connection, "test:one")
        sending.deliveries.wake()
    await until_idle(sending)
    [row] = await sending.rows()
    assert (row.state, row.tries, row.due) == ("failed", len(RETRIES) + 1, None)


async def test_order_is_kept_for_a_key_also_when_one_fails(
    sending: Engine, receiver: Receiver
) -> None:
    broken = {"a1"}
    receiver.reply = lambda got: Reply(500 if got.text in broken else 200)
    await sending.send(*(to(receiver, text, key=text[0]) for text in ("a1", "a2", "b1", "b2")))
    await receiver.until(3)
    await sending.send(to(receiver, "a3", key="a"), to(receiver, "b3", key="b"))
    await receiver.until(4)
    assert [text for text in receiver.texts if text[0] == "b"] == ["b1", "b2", "b3"]
    assert [text for text in receiver.texts if text[0] == "a"] == ["a1"]
    broken.clear()
    sending.later(RETRIES[0] * 1.2)
    await receiver.until(7)
    assert [text for text in receiver.texts if text[0] == "a"] == ["a1", "a1", "a2", "a3"]


async def test_a_dead_endpoint_costs_one_probe(sending: Engine, receiver: Receiver) -> None:
    """Its circuit opens; then one message tries whether it is back, and all follow when it is."""
    receiver.reply = lambda _: Reply(500)
    await sending.send(*(to(receiver, str(number)) for number in range(40)))
    found = await until_tried(sending, FAILURES_TO_OPEN)
    async with asyncio.timeout(20):
        while not (found := await status(sending)).open_until:
            await asyncio.sleep(0.01)
    tried = found.sent
    assert tried < FAILURES_TO_OPEN + 4
    sending.later(found.open_until - sending.clock() + 1)
    found = await until_tried(sending, tried + 1)
    await sending.send(to(receiver, "marker", endpoint="test:two"))
    await until_tried(sending, 1, "test:two")
    assert (await status(sending)).sent == tried + 1
    receiver.reply = lambda _: Reply(200)
    sending.later(RETRIES[1] * 1.2)
    await until_idle(sending)
    assert set(map(str, range(40))) <= set(receiver.texts)
    assert (await status(sending)).failures == 0


async def test_slow_and_dead_endpoints_hold_up_nobody(sending: Engine, receiver: Receiver) -> None:
    async with hanging(20) as slow:
        for number, one in enumerate(slow):
            waiting = (to(one, endpoint=f"slow:{number}") for _ in range(10))
            await sending.send(*waiting)
        dead = to(receiver, url="http://127.0.0.1:1/", endpoint="dead:one")
        await sending.send(dead)
        await until(lambda: all(one.asked for one in slow))
        await sending.send(*(to(receiver, str(number)) for number in range(100)))
        await receiver.until(100)
        assert not any(one.received for one in slow)


@asynccontextmanager
async def hanging(count: int) -> AsyncIterator[list[Receiver]]:
    """Receivers that never answer."""
    async with receiving() as first:
        first.hold.clear()
        if count == 1:
            yield [first]
            return
        async with hanging(count - 1) as others:
            yield [first, *others]


async def test_an_endpoint_gets_few_requests_at_a_time(sending: Engine, receiver: Receiver) -> None:
    receiver.hold.clear()
    await sending.send(*(to(receiver, str(number)) for number in range(30)))
    await until(lambda: receiver.at_once == 4)
    receiver.hold.set()
    await receiver.until(30)
    assert receiver.most_at_once == 4


async def test_a_receiver_that_asks_to_wait_is_left_alone(
    sending: Engine, receiver: Receiver
) -> None:
    receiver.reply = lambda _: Reply(429, {"retry-after": "120"})
    await sending.send(to(receiver))
    assert (await until_tried(sending, 1)).open_until == sending.clock() + 120
    receiver.reply = lambda _: Reply()
    sending.later(60)
    await sending.send(to(receiver, "marker", endpoint="test:two"))
    await until_tried(sending, 1, "test:two")
    assert receiver.texts == ["x", "marker"]
    sending.later(61)
    await until_tried(sending, 2)


async def test_gone_is_not_called_again_until_it_is_enabled(
    sending: Engine, receiver: Receiver
) -> None:
    receiver.reply = lambda got: Reply(410 if got.text == "x" else 200)
    await sending.send(to(receiver))
    assert (await until_tried(sending, 1)).disabled == "it answered 410 Gone"
    sending.later(10**6)
    await sending.send(to(receiver, "marker", endpoint="test:two"))
    await until_tried(sending, 1, "test:two")
    assert (await status(sending)).sent == 1
    receiver.reply = lambda _: Reply()
    async with sending.store.write() as connection:
        await sending.deliveries.enable(connection, "test:one")
    sending.deliveries.wake()
    await until_idle(sending)
    assert receiver.texts == ["x", "marker", "x"]


async def test_what_is_too_old_is_not_sent(sending: Engine, receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(500)
    await sending.send(to(receiver, expires=sending.clock() + 400, keep=60))
    await until_tried(sending, 1)
    sending.later(10)
    await until_tried(sending, 2)
    await sending.send(to(receiver, "late", expires=sending.clock() - 1, keep=60))
    async with asyncio.timeout(20):
        while (states := [row.state for row in await sending.rows()])[-1] == "waiting":
            await asyncio.sleep(0.01)
    assert states == ["waiting", "dropped"]
    sending.later(RETRIES[1] * 1.2)
    await until_tried(sending, 3)
    assert [row.state for row in await sending.rows()] == ["failed", "dropped"]


async def test_a_preparer_decides_at_the_moment_of_sending(
    sending: Engine, receiver: Receiver
) -> None:
    secret = {"now": "first"}

    def prepare(waiting: Waiting) -> Request | Drop:
        if waiting.delivery.about.get("hidden"):
            return Drop("not for you")
        return Request(receiver.url, waiting.delivery.body, {"signed": secret["now"]})

    async def preparer(endpoints: Sequence[str]) -> dict[str, Prepare]:
        return {"signed:one": prepare}

    sending.deliveries.prepare("signed", preparer)
    receiver.reply = lambda got: Reply(500 if got.headers["signed"] == "first" else 200)
    await sending.send(
        to(receiver, endpoint="signed:one", url=""),
        to(receiver, endpoint="signed:one", url="", about={"hidden": "yes"}, keep=60),
        to(receiver, endpoint="signed:gone", keep=60),
    )
    await until_tried(sending, 1, "signed:one")
    secret["now"] = "second"
    sending.later(10)
    await until_idle(sending)
    assert [got.headers["signed"] for got in receiver.received] == ["first", "second"]
    assert [row.state for row in await sending.rows()] == ["dropped", "dropped"]


async def test_forgetting_an_endpoint_drops_what_waits(sending: Engine, receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(500)
    await sending.send(to(receiver), to(receiver, endpoint="test:two"))
    await until_tried(sending, 1)
    async with sending.store.write() as connection:
        await sending.deliveries.forget(connection, "test:one")
    assert [row.endpoint for row in await sending.rows()] == ["test:two"]
    assert await sending.deliveries.statuses(["test:one"]) == {}


async def test_finished_rows_go_after_a_while(sending: Engine, receiver: Receiver) -> None:
    await sending.send(to(receiver, keep=100))
    await until_idle(sending)
    sending.clock.now += 99
    await sending.deliveries.queue.tidy()
    assert len(await sending.rows()) == 1
    sending.clock.now += 2
    await sending.deliveries.queue.tidy()
    assert await sending.rows() == []


async def test_processes_share_the_endpoints_and_send_nothing_twice(
    store_url: str, clock: Clock, receiver: Receiver
) -> None:
    async with engine(store_url, clock) as one, engine(store_url, clock) as two:
        for number in range(60):
            await one.send(to(receiver, str(number), endpoint=f"test:{number % 7}", key="k"))
            two.deliveries.wake()
        await receiver.until(60)
        await until_idle(one)
    assert sorted(map(int, receiver.texts)) == [*range(60)]
    for first in range(7):
        mine = [n for n in map(int, receiver.texts) if n % 7 == first]
        assert mine == sorted(mine)


async def test_what_a_dead_process_had_in_hand_is_sent_by_the_next(
    store_url: str, clock: Clock, receiver: Receiver
) -> None:
    """Died after sending and before noting it: the message comes again, under the same id."""
    receiver.hold.clear()
    async with engine(store_url, clock, start=False) as dead:
        await dead.send(to(receiver, message="m1"))
        [turn] = await dead.deliveries._worker._turns.take(10)
        assert [one.delivery.message for one in turn.waiting] == ["m1"]
    receiver.hold.set()
    async with engine(store_url, clock) as alive:
        await alive.send(to(receiver, "marker", endpoint="test:two"))
        await until_tried(alive, 1, "test:two")
        assert receiver.texts == ["marker"]  # the lease still stands
        alive.later(7)
        await receiver.until(2)
        await until_idle(alive)


async def test_the_figures_say_how_it_goes(sending: Engine, receiver: Receiver) -> None:
    answers = iter([500, 200])
    receiver.reply = lambda _: Reply(next(answers))
    await sending.send(to(receiver), to(receiver, "gone", endpoint="dead:x", url="http://[::1]:1/"))
    await until_tried(sending, 1)
    await until_tried(sending, 1, "dead:x")
    sending.clock.now += 3
    await sending.deliveries.count()
    metrics = sending.deliveries.metrics
    assert metrics.waiting._value.get() == 2
    assert metrics.oldest._value.get() == 3
    sending.later(10)
    await until_tried(sending, 2)
    assert metrics.tries.labels("delivered")._value.get() == 1
    assert metrics.retries._value.get() >= 1
    assert (await status(sending, "dead:x")).last_error.startswith("not called")
