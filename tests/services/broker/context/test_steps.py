from __future__ import annotations

import asyncio

import pytest

from services.broker.context.errors import AlreadyExists
from services.broker.context.model import ContextEntity
from services.broker.context.rows import Change
from services.broker.context.steps import Step, Steps


class Store:
    """Writes when it is let; remembers which steps it was given together."""

    def __init__(self) -> None:
        self.given: list[list[str]] = []
        self.let = asyncio.Event()

    async def write(self, steps: list[Step]) -> None:
        self.given.append([" ".join(step.ids) for step in steps])
        await self.let.wait()
        if any("broken" in step.ids for step in steps):
            raise OSError("the store is away")
        for step in steps:
            step.take({}, "now", lambda done: None)


def _step(*ids: str, tenant: str = "") -> Step:
    def decide(old: dict[str, ContextEntity], now: str) -> list[Change]:
        if "taken" in ids:
            raise AlreadyExists("There is one.")
        return [Change(None, ContextEntity(id_, (), {})) for id_ in ids]

    return Step(sorted(ids), decide, tenant, creates=True)


async def _all(store: Store, steps: list[Step]) -> list[list[Change] | BaseException]:
    """The steps, each begun when the one before is on its way."""
    does = Steps(store.write)
    tasks = []
    for step in steps:
        tasks.append(asyncio.create_task(does.do(step)))
        for _ in range(5):
            await asyncio.sleep(0)
    store.let.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_comes_while_the_store_commits_goes_together() -> None:
    store = Store()
    found = await _all(store, [_step(name) for name in ("a", "b", "c", "d")])
    assert store.given == [["a"], ["b"], ["c", "d"]]
    assert [[c.entity.id for c in done] for done in found if isinstance(done, list)] == [
        ["a"],
        ["b"],
        ["c"],
        ["d"],
    ]


async def test_two_about_one_entity_are_never_together_and_stay_in_order() -> None:
    """Together, one of both changes would be missing in the entity's past."""
    store = Store()
    await _all(store, [_step("a"), _step("b"), _step("c", "d"), _step("d"), _step("e")])
    assert store.given == [["a"], ["b"], ["c d"], ["d", "e"]]


async def test_tenants_are_not_written_together() -> None:
    store = Store()
    steps = [_step("a"), _step("b"), _step("c"), _step("d", tenant="other"), _step("e")]
    await _all(store, steps)
    assert sorted(store.given[2:]) == [["c"], ["d"], ["e"]]


async def test_a_refusal_is_of_the_one_who_asked() -> None:
    found = await _all(Store(), [_step(name) for name in ("a", "b", "taken", "d")])
    assert isinstance(found[2], AlreadyExists)
    assert all(isinstance(found[n], list) for n in (0, 1, 3))


async def test_what_fails_with_the_store_fails_for_all_and_ends_nothing() -> None:
    store = Store()
    does = Steps(store.write)
    store.let.set()
    with pytest.raises(OSError, match="away"):
        await does.do(_step("broken"))
    assert await does.do(_step("a"))


async def test_who_goes_away_stops_nobody() -> None:
    store = Store()
    does = Steps(store.write)
    gone = asyncio.create_task(does.do(_step("a")))
    await asyncio.sleep(0)
    gone.cancel()
    store.let.set()
    assert await does.do(_step("b"))
    await does.stop()
    assert ["a"] in store.given or ["a", "b"] in store.given
