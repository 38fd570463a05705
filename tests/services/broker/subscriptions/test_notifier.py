from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from services.broker.context.jsonld import CORE
from services.broker.subscriptions.index import Index
from tests.services.broker.subscriptions.bench import OWNER, Bench, vehicle


async def test_what_failed_half_way_is_told_once(steps: Bench) -> None:
    """A crash between matching and enqueuing loses nothing and doubles nothing."""
    await steps.subscribe()
    await steps.upsert(vehicle(a=1))
    steps.sent.fails = True
    with pytest.raises(ConnectionError):
        await steps.work()
    steps.sent.fails = False
    await steps.work()
    await steps.work()
    assert steps.values() == [[1]]


async def test_changes_that_nobody_asked_for_are_not_kept(steps: Bench) -> None:
    await steps.subscribe(entities=[{"type": "Building"}])
    await steps.upsert(vehicle(a=1))
    assert not await steps.notifier.once()


async def test_a_subscription_holds_for_every_change_after_its_creation(steps: Bench) -> None:
    await steps.upsert(vehicle(a=1))
    await steps.subscribe()
    await steps.upsert(vehicle(a=2))
    await steps.work()
    assert steps.values() == [[2]]


async def test_a_subscription_is_not_told_what_changed_before_it_was_there(steps: Bench) -> None:
    first = await steps.subscribe()
    await steps.upsert(vehicle(a=1))
    await steps.subscribe()
    await steps.work()
    assert [body["subscriptionId"] for body in steps.bodies] == [first]


async def test_changes_of_one_transaction_are_one_notification(steps: Bench) -> None:
    await steps.subscribe()
    await steps.upsert(vehicle(1, a=1), vehicle(2, a=2))
    await steps.upsert(vehicle(1, a=3))
    await steps.work()
    assert steps.values() == [[1, 2], [3]]
    assert [delivery.key for delivery in steps.sent.deliveries] == ["", "urn:ngsi-ld:Vehicle:1"]


async def test_throttling_keeps_notifications_apart_and_tells_the_latest(steps: Bench) -> None:
    await steps.subscribe(throttling=10)
    for value in (1, 2, 3):
        await steps.upsert(vehicle(1, a=value))
        await steps.work()
    await steps.upsert(vehicle(2, a=7))
    await steps.work()
    assert steps.values() == [[1]]
    steps.clock.forward(9.9)
    await steps.work()
    assert steps.values() == [[1]]
    steps.clock.forward(0.1)
    await steps.work()
    assert steps.values() == [[1], [3, 7]]
    steps.clock.forward(10)
    await steps.upsert(vehicle(1, a=4))
    await steps.work()
    assert steps.values() == [[1], [3, 7], [4]]


async def test_what_was_held_back_goes_along_when_throttling_is_eased(steps: Bench) -> None:
    id_ = await steps.subscribe(throttling=10)
    await steps.upsert(vehicle(1, a=1))
    await steps.upsert(vehicle(2, a=2))
    await steps.work()
    await steps.subscriptions.change(OWNER, id_, {"throttling": 1}, CORE)
    steps.clock.forward(2)
    await steps.upsert(vehicle(3, a=3))
    await steps.work()
    assert sorted(chain.from_iterable(steps.values())) == [1, 2, 3]
    steps.clock.forward(10)
    await steps.work()
    assert len([*chain.from_iterable(steps.values())]) == 3


async def test_what_was_held_back_shows_the_value_before_all_of_it(steps: Bench) -> None:
    await steps.subscribe(throttling=10, notification={"showChanges": True})
    for value in (1, 2, 3):
        await steps.upsert(vehicle(a=value))
    await steps.work()
    steps.clock.forward(10)
    await steps.work()
    assert [body["data"][0]["a"].get("previousValue") for body in steps.bodies] == [None, 1]


async def test_an_interval_tells_all_that_match_whatever_changed(steps: Bench) -> None:
    await steps.subscribe(timeInterval=30, q="a>1")
    await steps.upsert(vehicle(1, a=1), vehicle(2, a=2), vehicle(3, a=3))
    await steps.work()
    assert steps.bodies == []
    for _ in range(2):
        steps.clock.forward(30)
        await steps.work()
    assert steps.values() == [[2, 3], [2, 3]]


async def test_an_interval_tells_nothing_when_nothing_matches(steps: Bench) -> None:
    await steps.subscribe(timeInterval=30, q="a>1")
    await steps.upsert(vehicle(1, a=1))
    steps.clock.forward(30)
    await steps.work()
    assert steps.bodies == []


async def test_intervals_that_were_missed_are_told_once(steps: Bench) -> None:
    await steps.subscribe(timeInterval=30)
    await steps.upsert(vehicle(a=1))
    steps.clock.forward(3000)
    await steps.work()
    assert steps.values() == [[1]]


async def test_an_interval_selects_by_type_expression_and_id(steps: Bench) -> None:
    selectors = [
        {"type": "(Vehicle;Bus)"},
        {"type": "Vehicle", "id": "urn:ngsi-ld:Vehicle:2"},
        {"type": "*", "idPattern": "Vehicle:2$"},
    ]
    await steps.subscribe(timeInterval=30, entities=selectors)
    await steps.upsert(vehicle(1, a=1), vehicle(2, a=2))
    steps.clock.forward(30)
    await steps.work()
    assert steps.values() == [[2]]


async def test_a_paused_interval_goes_on_when_it_is_active_again(steps: Bench) -> None:
    id_ = await steps.subscribe(timeInterval=30, isActive=False)
    await steps.upsert(vehicle(a=1))
    steps.clock.forward(30)
    await steps.work()
    assert steps.bodies == []
    await steps.subscriptions.change(OWNER, id_, {"isActive": True}, CORE)
    steps.clock.forward(30)
    await steps.work()
    assert steps.values() == [[1]]


async def test_an_expired_subscription_is_told_nothing(steps: Bench) -> None:
    id_ = await steps.subscribe(expiresAt="2026-04-01T10:00:00Z")
    steps.clock.forward(3599)
    await steps.upsert(vehicle(a=1))
    await steps.work()
    steps.clock.forward(1)
    await steps.upsert(vehicle(a=2))
    await steps.work()
    assert steps.values() == [[1]]
    found = await steps.subscriptions.get(OWNER, id_)
    assert found.status(steps.clock()) == "expired"


async def test_an_expired_subscription_wakes_with_a_new_end_only(steps: Bench) -> None:
    """§5.8.2.4"""
    id_ = await steps.subscribe(expiresAt="2026-04-01T10:00:00Z", isActive=False)
    steps.clock.forward(3600)
    for change, status in (
        ({"isActive": True}, "expired"),
        ({"isActive": False}, "expired"),
        ({"expiresAt": "2026-04-02T10:00:00Z"}, "active"),
    ):
        await steps.subscriptions.change(OWNER, id_, change, CORE)
        found = await steps.subscriptions.get(OWNER, id_)
        assert found.status(steps.clock()) == status


async def test_what_is_changed_or_deleted_is_so_for_every_process(steps: Bench) -> None:
    """Each process keeps the subscriptions in memory, and reads only what was written since."""
    kept, changed, deleted = [await steps.subscribe() for _ in range(3)]
    other = Index()
    async with steps.store.read() as connection:
        assert len((await other.current(connection)).all) == 3
    await steps.subscriptions.change(OWNER, changed, {"q": "a>1"}, CORE)
    await steps.subscriptions.delete(OWNER, deleted)
    async with steps.store.read() as connection:
        table = await other.current(connection)
    assert table.all.keys() == {("", kept), ("", changed)}
    assert table.all["", changed].q is not None


async def test_a_deleted_subscription_leaves_nothing_due(steps: Bench) -> None:
    id_ = await steps.subscribe(timeInterval=30)
    await steps.subscriptions.delete(OWNER, id_)
    steps.clock.forward(30)
    assert not await steps.notifier.once()


async def test_each_subscription_is_told_in_its_own_way(steps: Bench) -> None:
    """What several show alike is rendered once; each gets a notification of its own."""
    whole = [await steps.subscribe() for _ in range(2)]
    some = await steps.subscribe(notification={"attributes": ["b"]})
    short = await steps.subscribe(notification={"format": "keyValues"})
    linked = await steps.subscribe(endpoint={"accept": "application/ld+json"})
    await steps.upsert(vehicle(a=1, b=2))
    await steps.work()
    bodies = {body["subscriptionId"]: body for body in steps.bodies}
    entity = {"id": "urn:ngsi-ld:Vehicle:1", "type": "Vehicle"}
    a, b = {"type": "Property", "value": 1}, {"type": "Property", "value": 2}
    assert [bodies[id_]["data"] for id_ in whole] == [[{**entity, "a": a, "b": b}]] * 2
    assert bodies[some]["data"] == [{**entity, "b": b}]
    assert bodies[short]["data"] == [{**entity, "a": 1, "b": 2}]
    assert bodies[linked]["data"] == [{**entity, "a": a, "b": b, "@context": CORE.source}]
    assert "@context" in bodies[linked]
    assert len({body["id"] for body in bodies.values()}) == 5


async def test_a_subscription_that_came_while_it_was_looked_at_is_told(
    steps: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two statements of the one that tells: subscribed, and then changed."""
    await steps.subscribe()
    read = steps.notifier._clockwork.due
    late: list[str] = []

    async def due_slowly(*asked: Any) -> Any:
        found = await read(*asked)
        if not late:
            late.append(await steps.subscribe())
            await steps.upsert(vehicle(a=1))
        return found

    monkeypatch.setattr(steps.notifier._clockwork, "due", due_slowly)
    await steps.work()
    await steps.work()  # what one transaction reads on SQLite is as it was at its beginning
    assert late[0] in {body["subscriptionId"] for body in steps.bodies}


async def test_what_happens_while_a_subscription_is_paused_is_not_for_it(steps: Bench) -> None:
    """Also when it is told of only after the pause."""
    id_ = await steps.subscribe(isActive=False)
    await steps.subscribe()  # or there would be nobody to note the change for
    await steps.upsert(vehicle(a=1))
    await steps.subscriptions.change(OWNER, id_, {"isActive": True}, CORE)
    await steps.upsert(vehicle(a=2))
    await steps.work()
    told = [body["data"] for body in steps.bodies if body["subscriptionId"] == id_]
    assert [entity["a"]["value"] for data in told for entity in data] == [2]
