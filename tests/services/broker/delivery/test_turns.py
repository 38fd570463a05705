"""Whose turn it is: some of each endpoint, and never what is in hand already."""

from __future__ import annotations

from services.broker.delivery import Delivery
from services.broker.delivery.tables import endpoints
from services.broker.delivery.turns import PORTION, Turns
from tests.services.broker.delivery.engines import Clock, Engine, engine


def to(endpoint: str, number: int) -> Delivery:
    return Delivery(endpoint, "http://127.0.0.1:1/", b"", message=f"{number}", key="k")


async def test_each_endpoint_brings_its_oldest_however_much_waits_for_others(
    store_url: str, clock: Clock
) -> None:
    async with engine(store_url, clock, start=False) as waiting:
        await waiting.send(*(to("test:many", n) for n in range(PORTION + 20)))
        await waiting.send(*(to(f"test:{n}", n) for n in range(3)))
        turns = await Turns(waiting.store, "here", clock).take(10)
    found = {turn.endpoint: [one.delivery.message for one in turn.waiting] for turn in turns}
    assert found.pop("test:many") == [str(n) for n in range(PORTION)]
    assert found == {f"test:{n}": [str(n)] for n in range(3)}


async def test_an_endpoint_that_is_still_served_here_is_not_taken_again(
    store_url: str, clock: Clock
) -> None:
    """Its lease may be over, or given back, before its last turn is seen to have ended."""
    async with engine(store_url, clock, start=False) as waiting:
        await waiting.send(to("test:served", 1), to("test:free", 2))
        mine = Turns(waiting.store, "here", clock)
        assert [turn.endpoint for turn in await mine.take(10, but={"test:served"})] == ["test:free"]
        assert [turn.endpoint for turn in await mine.take(10)] == ["test:served"]


async def new_turns(waiting: Engine, mine: Turns, *wanted: Delivery) -> list[str]:
    """The endpoints that a process has at once, of what it writes itself."""
    async with waiting.store.write() as connection:
        new = await waiting.deliveries.queue.enqueue(connection, wanted)
        turns = await mine.take_new(connection, new)
    assert all(one.delivery in wanted for turn in turns for one in turn.waiting)
    return sorted(turn.endpoint for turn in turns)


async def test_who_writes_for_a_free_endpoint_has_it_at_once(store_url: str, clock: Clock) -> None:
    async with engine(store_url, clock, start=False) as waiting:
        mine, other = Turns(waiting.store, "here", clock), Turns(waiting.store, "there", clock)
        assert await new_turns(waiting, mine, to("test:a", 1), to("test:b", 1)) == [
            "test:a",
            "test:b",
        ]
        assert await other.take(10) == [], "they are leased"
        assert await new_turns(waiting, other, to("test:a", 2)) == []
        clock.now += 60  # the leases have run out, with all of it still to be sent
        assert await new_turns(waiting, mine, to("test:a", 3), to("test:c", 1)) == ["test:c"]
        [turn] = [one for one in await other.take(10) if one.endpoint == "test:a"]
        assert [one.delivery.message for one in turn.waiting] == ["1", "2", "3"]


async def test_an_endpoint_that_fails_or_is_disabled_is_not_had_at_once(
    store_url: str, clock: Clock
) -> None:
    async with engine(store_url, clock, start=False) as waiting:
        mine = Turns(waiting.store, "here", clock)
        async with waiting.store.write() as connection:
            await waiting.deliveries.queue.disable(connection, "test:off", "because")
            failing = waiting.store.upsert(endpoints, endpoint="test:fails", failures=1)
            await connection.execute(failing)
        assert await new_turns(waiting, mine, to("test:off", 1), to("test:fails", 1)) == []
