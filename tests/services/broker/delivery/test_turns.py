"""Whose turn it is: some of each endpoint, and never what is in hand already."""

from __future__ import annotations

from services.broker.delivery import Delivery
from services.broker.delivery.turns import PORTION, Turns
from tests.services.broker.delivery.engines import Clock, engine


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
