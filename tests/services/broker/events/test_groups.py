from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from schemas.kit.caller import Caller
from schemas.problem import Conflict
from services.broker.app import build_broker
from services.broker.events.groups import Groups
from services.broker.events.leases import LEASE_SECONDS
from services.broker.events.patterns import Wanted
from tests.services.broker.domain import THING, person, thing
from tests.services.broker.running import ALL, listening, party, publish, running

GROUPS = "/events/v1/groups"


async def fetch(api: httpx.AsyncClient, group: str, **body: Any) -> dict[str, Any]:
    answer = await api.post(
        f"{GROUPS}/{group}/fetch", json={"types": [THING], "waitSeconds": 5, **body}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def commit(api: httpx.AsyncClient, group: str, cursor: str) -> httpx.Response:
    return await api.post(f"{GROUPS}/{group}/commit", json={"cursor": cursor})


def numbers(batch: dict[str, Any]) -> list[int]:
    return [event["data"]["number"] for event in batch["events"]]


async def test_a_group_gets_each_event_once_when_it_commits(sqlite_url: str, log_url: str) -> None:
    """In order, across brokers that come and go: the cursor is on the log."""
    client = f"client-{uuid4().hex[:8]}"
    got: list[int] = []
    async with running(sqlite_url, log_url) as url, party(url, client=client) as api:
        await fetch(api, "g", start="now", waitSeconds=0)
        await publish(api, *(thing(n) for n in range(10)))
        batch = await fetch(api, "g", limit=4)
        got += numbers(batch)
        assert (await commit(api, "g", batch["cursor"])).status_code == 204
    async with running(sqlite_url, log_url) as url, party(url, client=client) as api:
        while len(got) < 10:
            batch = await fetch(api, "g", limit=4)
            got += numbers(batch)
            await commit(api, "g", batch["cursor"])
        assert (await fetch(api, "g", waitSeconds=0)) == {"events": [], "cursor": ""}
    assert got == [*range(10)]


async def test_what_is_not_committed_comes_again(api: httpx.AsyncClient) -> None:
    await publish(api, *(thing(n) for n in range(3)))
    first = await fetch(api, "g", consumer="one")
    again = await fetch(api, "g", consumer="one")
    assert numbers(first) == numbers(again) == [0, 1, 2]
    assert (await commit(api, "g", first["cursor"])).status_code == 409
    assert (await commit(api, "g", again["cursor"])).status_code == 204


async def test_two_consumers_never_hold_the_same_batch(api: httpx.AsyncClient) -> None:
    await publish(api, thing(1))
    first = await fetch(api, "g", consumer="one")
    second = await api.post(f"{GROUPS}/g/fetch", json={"types": [THING], "consumer": "two"})
    assert second.status_code == 409
    assert second.headers["retry-after"]
    await commit(api, "g", first["cursor"])
    await publish(api, thing(2))
    assert numbers(await fetch(api, "g", consumer="two")) == [2]


async def test_of_two_fetches_at_once_one_gets_the_batch(api: httpx.AsyncClient) -> None:
    await publish(api, thing(1))
    answers = await asyncio.gather(
        *(api.post(f"{GROUPS}/g/fetch", json={"types": [THING], "waitSeconds": 2}) for _ in "ab")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_fetch_waits_for_the_first_event(api: httpx.AsyncClient) -> None:
    waiting = asyncio.create_task(fetch(api, "g", waitSeconds=20))
    await asyncio.sleep(0.1)  # let it wait
    await publish(api, thing(5))
    assert numbers(await asyncio.wait_for(waiting, 5)) == [5]


async def test_a_group_belongs_to_its_client(url: str) -> None:
    async with party(url, client="alice") as alice, party(url, client="mallory") as mallory:
        await publish(alice, thing(1))
        batch = await fetch(alice, "g")
        assert (await commit(mallory, "g", batch["cursor"])).status_code == 404
        assert numbers(await fetch(mallory, "g")) == [1]
        assert (await commit(mallory, "g", batch["cursor"])).status_code == 409
        assert (await commit(alice, "g", batch["cursor"])).status_code == 204


async def test_a_group_can_start_with_what_is_to_come(api: httpx.AsyncClient) -> None:
    await publish(api, thing(1))
    batch = await fetch(api, "first")  # waits until the event is on the log
    await commit(api, "first", batch["cursor"])
    await fetch(api, "g", start="now", waitSeconds=0)
    await publish(api, thing(2))
    assert numbers(await fetch(api, "g", start="now")) == [2]


async def test_persons_events_are_passed_over_without_the_scope(url: str) -> None:
    async with party(url) as api:
        await publish(api, person(), thing(1), person())
        batch = await fetch(api, "g", types=["city.test.*"])
        assert numbers(batch) == [1]
        await commit(api, "g", batch["cursor"])
        assert (await fetch(api, "g", types=["city.test.*"], waitSeconds=0))["events"] == []


async def test_what_cannot_be_handled_is_put_aside_with_its_reason(url: str) -> None:
    async with party(url, client="alice") as api, party(url, client="bob") as bob:
        await publish(api, thing(1), thing(2))
        batch = await fetch(api, "g")
        poison = batch["events"][0]
        body = {"cursor": batch["cursor"], "id": poison["id"], "reason": "no such thing"}
        assert (await api.post(f"{GROUPS}/g/reject", json=body)).status_code == 204
        await commit(api, "g", batch["cursor"])
        letters = await dead_letters(api, 1)
        assert (await bob.get("/events/v1/dead-letters")).json()["deadLetters"] == []
    assert letters[0]["reason"] == "no such thing"
    assert (letters[0]["group"], letters[0]["type"], letters[0]["attempts"]) == ("g", THING, 1)
    assert letters[0]["event"] == poison


async def dead_letters(api: httpx.AsyncClient, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while True:
            found = (await api.get("/events/v1/dead-letters")).json()
            if len(found["deadLetters"]) >= count:
                letters: list[dict[str, Any]] = found["deadLetters"]
                return letters


async def test_dead_letters_are_read_on_from_the_cursor(api: httpx.AsyncClient) -> None:
    await publish(api, *(thing(n) for n in range(3)))
    batch = await fetch(api, "g")
    for event in batch["events"]:
        body = {"cursor": batch["cursor"], "id": event["id"], "reason": "poison"}
        await api.post(f"{GROUPS}/g/reject", json=body)
    await dead_letters(api, 3)
    first = (await api.get("/events/v1/dead-letters?limit=2")).json()
    rest = await api.get("/events/v1/dead-letters", params={"after": first["cursor"]})
    read = [*first["deadLetters"], *rest.json()["deadLetters"]]
    assert [letter["event"]["data"]["number"] for letter in read] == [0, 1, 2]


async def test_an_event_of_no_batch_cannot_be_rejected(api: httpx.AsyncClient) -> None:
    await publish(api, thing(1))
    batch = await fetch(api, "g")
    body = {"cursor": batch["cursor"], "id": "other", "reason": "x"}
    assert (await api.post(f"{GROUPS}/g/reject", json=body)).status_code == 404
    body = {"cursor": "made up", "id": batch["events"][0]["id"], "reason": "x"}
    assert (await api.post(f"{GROUPS}/g/reject", json=body)).status_code == 409


@pytest.mark.parametrize(
    "body",
    [{"limit": 0}, {"limit": 501}, {"waitSeconds": 31}, {"types": ["nope"]}, {"start": "x"}],
)
async def test_what_a_fetch_cannot_mean_is_refused(
    api: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    assert (await api.post(f"{GROUPS}/g/fetch", json=body)).status_code == 422
    assert (await api.post(f"{GROUPS}/Not_A_Name/fetch", json={})).status_code == 422


async def test_a_dead_consumers_batch_goes_to_another_after_the_lease(
    sqlite_url: str, store_url: str, embedded_url: str
) -> None:
    now = 1_000_000.0
    broker = build_broker(store_url, embedded_url)
    await broker.store.open()
    groups = Groups(
        broker.store, broker.log, broker.outbox, broker.consents.gate, clock=lambda: now
    )
    caller = Caller("c", "", frozenset(("events:read",)), "")
    wanted = Wanted.of([THING])
    await broker.log.ensure(broker.fanout.topics)
    await _say(broker, thing(1))
    dead = await groups.fetch(caller, "g", wanted, consumer="dead")
    with pytest.raises(Conflict):
        await groups.fetch(caller, "g", wanted, consumer="next")
    now += LEASE_SECONDS + 1
    alive = await groups.fetch(caller, "g", wanted, consumer="next")
    assert [d.id for d in alive.events] == [d.id for d in dead.events]
    with pytest.raises(Conflict):
        await groups.commit(caller, "g", dead.cursor)
    await groups.commit(caller, "g", alive.cursor)
    await groups.close()
    await broker.log.close()
    await broker.store.close()


async def _say(broker: Any, event: dict[str, Any]) -> None:
    from schemas.cloudevents import CloudEvent

    await broker.inlet.accept("c", [CloudEvent.model_validate(event)])
    while await broker.outbox.relay_once():
        pass
    await broker.outbox.stop()


async def test_a_client_has_a_bounded_number_of_groups(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.broker.events.leases.MOST_GROUPS", 2)
    for name in ("a", "b", "a"):
        await fetch(api, name, waitSeconds=0)
    answer = await api.post(f"{GROUPS}/c/fetch", json={})
    assert answer.status_code == 403


async def put_aside(api: httpx.AsyncClient, group: str = "g", **body: Any) -> dict[str, Any]:
    """Give up the first event that a group gets; its letter."""
    batch = await fetch(api, group, **body)
    rejection = {"cursor": batch["cursor"], "id": batch["events"][0]["id"], "reason": "poison"}
    assert (await api.post(f"{GROUPS}/{group}/reject", json=rejection)).status_code == 204
    await commit(api, group, batch["cursor"])
    return (await dead_letters(api, 1))[0]


async def test_a_dead_letter_is_replayed_to_its_group_alone(sqlite_url: str, log_url: str) -> None:
    client = f"client-{uuid4().hex[:8]}"
    async with running(sqlite_url, log_url) as url, party(url, client=client) as api:
        for group in ("g", "other"):
            await fetch(api, group, start="now", waitSeconds=0)
        await publish(api, thing(1))
        letter = await put_aside(api)
        other = await fetch(api, "other")
        await commit(api, "other", other["cursor"])
        async with listening(api, THING) as stream:
            replay = await api.post(f"/events/v1/dead-letters/{letter['id']}/replay")
            assert replay.status_code == 202
            again = await fetch(api, "g", waitSeconds=10)
            assert again["events"][0]["id"] == letter["event"]["id"]
            await commit(api, "g", again["cursor"])
            await publish(api, thing(2))
            await stream.until(1)
        assert numbers(await fetch(api, "g")) == [2]
        assert numbers(await fetch(api, "other")) == [2]
        assert stream.numbers == [2]
        shown = await api.get(f"/events/v1/dead-letters/{letter['id']}")
        assert shown.json() == {**letter, "replayed": shown.json()["replayed"]}


async def test_a_publisher_cannot_address_a_group(api: httpx.AsyncClient) -> None:
    await publish(api, thing(1, replayfor="city.tests.other"))
    batch = await fetch(api, "g")
    assert numbers(batch) == [1]
    assert "replayfor" not in batch["events"][0]


async def test_dead_letters_are_their_groups_and_the_operators(url: str) -> None:
    operators = "events:read operator:events"
    async with (
        party(url, client="alice", scope=ALL) as alice,
        party(url, client="bob") as bob,
        party(url, client="operator", scope=operators) as operator,
    ):
        await publish(alice, person())
        letter = await put_aside(alice, types=["city.test.person.*"])
        path = f"/events/v1/dead-letters/{letter['id']}"
        assert (await bob.get(path)).status_code == 404
        assert (await bob.post(f"{path}/replay")).status_code == 404
        (seen,) = (await operator.get("/events/v1/dead-letters")).json()["deadLetters"]
        assert (seen["client"], seen["group"]) == ("alice", "g")
        assert "event" not in seen, "about a person"
        assert "reason" not in seen
        assert (await operator.post(f"{path}/replay")).status_code == 202
        again = await fetch(alice, "g", types=["city.test.person.*"])
        assert again["events"][0]["id"] == letter["event"]["id"]


async def test_what_is_dealt_with_is_listed_no_more_until_it_is_put_aside_again(url: str) -> None:
    async with party(url, client="alice") as alice, party(url, client="bob") as bob:
        await publish(alice, thing(1))
        letter = await put_aside(alice)
        path = f"/events/v1/dead-letters/{letter['id']}"
        assert (await bob.delete(path)).status_code == 404
        assert (await alice.post(f"{path}/replay")).status_code == 202
        assert (await alice.delete(path)).status_code == 204
        assert (await alice.get("/events/v1/dead-letters")).json()["deadLetters"] == []
        for gone in (alice.get(path), alice.delete(path), alice.post(f"{path}/replay")):
            assert (await gone).status_code == 404
        again = await put_aside(alice)
        assert again["id"] == letter["id"]
        assert again["time"] > letter["time"]


async def test_several_dead_letters_are_replayed_at_once(url: str) -> None:
    operator = "operator:events"
    async with (
        party(url, client="alice") as alice,
        party(url, client="bob") as bob,
        party(url, client="operator", scope=operator) as console,
    ):
        await publish(alice, thing(1), thing(2))
        batch = await fetch(alice, "g")
        for event in batch["events"]:
            body = {"cursor": batch["cursor"], "id": event["id"], "reason": "poison"}
            await alice.post(f"{GROUPS}/g/reject", json=body)
        await commit(alice, "g", batch["cursor"])
        ids = [one["id"] for one in await dead_letters(alice, 2)]
        body = {"ids": [*ids, str(uuid4())]}
        refused = (await bob.post("/events/v1/dead-letters/replay", json=body)).json()
        assert refused["replayed"] == []
        told = (await console.post("/events/v1/dead-letters/replay", json=body)).json()
        assert set(told["replayed"]) == set(ids)
        assert len(told["missing"]) == 1
        assert numbers(await fetch(alice, "g")) == [1, 2]


async def test_a_batch_comes_as_cloudevents_have_it(api: httpx.AsyncClient) -> None:
    """What was fetched could be published elsewhere as it is."""
    await publish(api, thing(1), thing(2))
    media = "application/cloudevents-batch+json"
    answer = await api.post(
        f"{GROUPS}/g/fetch", json={"types": [THING], "waitSeconds": 10}, headers={"accept": media}
    )
    assert answer.headers["content-type"] == media
    assert [event["specversion"] for event in answer.json()] == ["1.0", "1.0"]
    assert (await commit(api, "g", answer.headers["event-cursor"])).status_code == 204
