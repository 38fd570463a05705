from __future__ import annotations

import asyncio

import pytest

from services.broker.context.loader import Loader
from services.broker.context.model import ContextEntity


class Store:
    """Answers when it is let; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.let = asyncio.Event()
        self.version = 0

    async def fetch(self, tenant: str, ids: list[str]) -> dict[str, ContextEntity]:
        self.asked.append((tenant, ids))
        version = self.version
        await self.let.wait()
        if "broken" in ids:
            raise OSError("the store is away")
        return {id_: ContextEntity(f"{tenant}{id_}{version}", (), {}) for id_ in ids if id_ != "no"}


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_is_asked_while_the_store_answers_goes_out_together() -> None:
    store = Store()
    loader = Loader(store.fetch)
    tasks = []
    for name in ("a", "b", "c", "d", "no"):
        tasks.append(asyncio.create_task(loader.get("", name)))
        await _settle()
    assert store.asked == [("", ["a"])]
    store.let.set()
    found = await asyncio.gather(*tasks)
    assert store.asked[1:] == [("", ["b", "c", "d", "no"])]
    assert [entity and entity.id for entity in found] == ["a0", "b0", "c0", "d0", None]


async def test_where_many_wait_a_second_goes_out_beside_the_first() -> None:
    store = Store()
    loader = Loader(store.fetch)
    names = [f"n{number}" for number in range(17)]
    tasks = []
    for name in ("a", *names):
        tasks.append(asyncio.create_task(loader.get("", name)))
        await _settle()
    assert store.asked == [("", ["a"]), ("", names[:16])]
    store.let.set()
    await asyncio.gather(*tasks)
    assert store.asked[2:] == [("", names[16:])]


async def test_a_read_that_is_under_way_is_not_joined() -> None:
    """Who asks after a change must not see what was read before it."""
    store = Store()
    loader = Loader(store.fetch)
    before = asyncio.create_task(loader.get("", "a"))
    await _settle()
    store.version = 1
    after = asyncio.create_task(loader.get("", "a"))
    await _settle()
    store.let.set()
    assert [e.id for e in await asyncio.gather(before, after) if e] == ["a0", "a1"]


async def test_tenants_are_not_read_together() -> None:
    store = Store()
    store.let.set()
    loader = Loader(store.fetch)
    found = await asyncio.gather(*(loader.get(tenant, "a") for tenant in ("", "", "x", "y")))
    assert [entity and entity.id for entity in found] == ["a0", "a0", "xa0", "ya0"]


async def test_a_failure_is_told_to_those_who_asked_and_to_nobody_else() -> None:
    store = Store()
    store.let.set()
    loader = Loader(store.fetch)
    with pytest.raises(OSError, match="away"):
        await loader.get("", "broken")
    assert await loader.get("", "a")


async def test_one_who_goes_away_takes_it_from_nobody() -> None:
    store = Store()
    loader = Loader(store.fetch)
    first = asyncio.create_task(loader.get("", "a"))
    second = asyncio.create_task(loader.get("", "b"))
    third, fourth = (asyncio.create_task(loader.get("", "c")) for _ in range(2))
    await _settle()
    third.cancel()
    store.let.set()
    found = await asyncio.gather(first, second, fourth)
    assert [entity and entity.id for entity in found] == ["a0", "b0", "c0"]
