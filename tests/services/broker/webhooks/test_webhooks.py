from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from schemas.kit.outgoing import schedule
from services.broker.app import create_broker
from tests.services.broker.domain import OTHER, PERSON, THING, person, thing
from tests.services.broker.running import ALL, party, publish, serving
from tests.services.broker.webhooks.subscriber import HOOKS, Subscriber, is_signed, subscribing


async def said(api: httpx.AsyncClient, *events: dict[str, Any]) -> None:
    assert (await publish(api, *events)).status_code == 202


async def until_view(api: httpx.AsyncClient, path: str, **wanted: Any) -> dict[str, Any]:
    """The webhook, once it is as wanted."""
    async with asyncio.timeout(20):
        while True:
            found: dict[str, Any] = (await api.get(path)).json()
            if all(found.get(name) == value for name, value in wanted.items()):
                return found
            await asyncio.sleep(0.02)


async def deliveries(api: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = await api.get(f"{path}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["deliveries"])


async def test_events_are_sent_signed_once_the_url_is_verified(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    made = await api.post(HOOKS, json={"url": subscriber.receiver.url, "types": [THING]})
    assert made.status_code == 201
    hook = made.json()
    assert (hook["state"], hook["secret"][:6]) == ("pending", "whsec_")
    await said(api, thing(1))
    subscriber.secret = hook["secret"]
    path = made.headers["location"]
    assert (await api.post(f"{path}/verify")).json()["state"] == "active"
    await said(api, thing(2), thing(3, type=OTHER), thing(4))
    assert await subscriber.until(3) == [1, 2, 4]
    got = subscriber.receiver.received[-1]
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert subscriber.messages[0][1]["specversion"] == "1.0"
    assert "secret" not in (await api.get(path)).json()
    view = await until_view(api, path, sent=3)
    assert (view["failed"], view["waiting"]) == (0, 0)


async def test_a_url_that_does_not_confirm_gets_nothing(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    made = await api.post(HOOKS, json={"url": subscriber.receiver.url})
    path = made.headers["location"]
    subscriber.secret = "whsec_" + "A" * 44  # another's
    refused = await api.post(f"{path}/verify")
    assert (refused.status_code, refused.json()["errors"][0]["what"]) == (422, "it answered 401")
    assert refused.json()["type"].endswith("verification-failed")
    await said(api, thing())
    enabled = await api.post(f"{path}/enable")
    assert enabled.status_code == 422
    assert subscriber.tries == []


async def test_a_url_may_be_verified_by_the_handshake_of_cloudevents(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    made = await api.post(HOOKS, json={"url": subscriber.receiver.url})
    path = made.headers["location"]
    answer = await api.post(f"{path}/verify", json={"method": "handshake"})
    assert answer.json()["state"] == "active"
    [asked] = subscriber.receiver.received
    assert asked.method == "OPTIONS"
    subscriber.receiver.reply = lambda got: type(subscriber.answer(got))(200)
    answer = await api.post(f"{path}/verify", json={"method": "handshake"})
    assert answer.json()["errors"][0]["what"] == "it does not allow this origin"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"url": "http://8.8.8.8:8000@127.0.0.1/"}, "/url"),
        ({"url": "https://10.0.0.1/"}, "/url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "/url"),
        ({"url": "file:///etc/passwd"}, "/url"),
        ({"url": "https://example.com/", "types": ["city.test.thing.mooved"]}, "types"),
        ({"url": "https://example.com/", "secret": "mine"}, "/secret"),
        ({}, "/url"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_place(
    api: httpx.AsyncClient, body: dict[str, Any], where: str
) -> None:
    refused = await api.post(HOOKS, json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["where"] == where


async def test_a_client_knows_its_own_webhooks_only(
    url: str, api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    path = await subscriber.subscribe(api)
    async with party(url, client="other") as other:
        assert (await other.get(HOOKS)).json() == {"webhooks": []}
        for call in (
            other.get(path),
            other.patch(path, json={"ordered": True}),
            other.delete(path),
            other.post(f"{path}/verify"),
            other.post(f"{path}/disable"),
            other.post(f"{path}/secret"),
            other.post(f"{path}/replay", json={"from": "log=0"}),
            other.get(f"{path}/deliveries"),
        ):
            assert (await call).status_code == 404
    assert [hook["id"] for hook in (await api.get(HOOKS)).json()["webhooks"]] == [path[-27:]]


async def test_data_about_persons_goes_to_those_who_may_have_it(
    url: str, subscriber: Subscriber
) -> None:
    async with (
        party(url, scope=ALL) as all_,
        party(url, client="open") as open_,
        subscribing() as other,
    ):
        await subscriber.subscribe(all_, types=[PERSON, THING])
        await other.subscribe(open_, types=[PERSON, THING])
        await said(all_, person(), thing(1))
        await other.until(1)
        assert [event["type"] for _, event in other.messages] == [THING]
        await subscriber.until_types({PERSON, THING})


async def test_a_right_that_was_lost_counts_when_a_message_is_sent_again(
    url: str, subscriber: Subscriber
) -> None:
    """The message waits, its owner's token loses the scope, and then it is not sent any more."""
    subscriber.refuse = lambda _: 503
    async with party(url, scope=ALL) as api:
        path = await subscriber.subscribe(api, types=[PERSON])
        await said(api, person())
        await until_view(api, path, failed=1)
        async with party(url) as lesser:
            changed = await lesser.patch(path, json={"description": "with fewer rights"})
            assert changed.status_code == 200
            await lesser.post(f"{path}/enable")
            [found] = await until_deliveries(lesser, path, state="dropped")
        assert found["attempts"][-1]["error"] == "not sent: not for this client any more"
        assert len(subscriber.tries) == 1


async def until_deliveries(
    api: httpx.AsyncClient, path: str, count: int = 1, **query: Any
) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        while len(found := await deliveries(api, path, **query)) < count:
            await asyncio.sleep(0.02)
    return found


async def test_the_tries_of_a_message_are_listed_without_what_it_says(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    subscriber.refuse = lambda event: 500 if event["data"]["number"] == 1 else 200
    path = await subscriber.subscribe(api)
    await said(api, thing(1, subject="secret-subject"), thing(2))
    await until_view(api, path, failed=1)
    [good] = await until_deliveries(api, path, state="delivered")
    [bad] = await until_deliveries(api, path, state="waiting")
    assert (bad["type"], bad["tries"], bad["attempts"][0]["status"]) == (THING, 1, 500)
    assert bad["attempts"][0]["error"] == "it answered 500"
    wait = datetime.fromisoformat(bad["nextTry"]) - datetime.fromisoformat(bad["created"])
    assert timedelta(seconds=4) < wait < timedelta(seconds=60)
    assert "nextTry" not in good or good["nextTry"] is None
    assert "secret-subject" not in (await api.get(f"{path}/deliveries")).text
    page = (await api.get(f"{path}/deliveries", params={"limit": 1})).json()
    rest = await deliveries(api, path, before=page["before"])
    assert {page["deliveries"][0]["messageId"], rest[0]["messageId"]} == {
        bad["messageId"],
        good["messageId"],
    }


async def test_one_message_is_sent_again_under_its_id(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    path = await subscriber.subscribe(api)
    await said(api, thing(1), thing(2))
    await subscriber.until(2)
    await until_deliveries(api, path, 2, state="delivered")
    [(message, _)] = [one for one in subscriber.messages if one[1]["data"]["number"] == 1]
    shown = (await api.get(f"{path}/deliveries/{message}")).json()
    assert shown["event"] == subscriber.messages[subscriber.numbers.index(1)][1]
    assert (shown["withheld"], shown["attempts"][0]["status"]) == (False, 200)
    again = await api.post(f"{path}/deliveries/{message}/redeliver")
    assert again.status_code == 202
    await subscriber.until(3)
    assert subscriber.messages[2] == subscriber.messages[subscriber.numbers.index(1)]
    missing = f"{path}/deliveries/msg_{'x' * 24}"
    assert (await api.post(f"{missing}/redeliver")).status_code == 404
    assert (await api.get(missing)).status_code == 404


async def test_what_a_message_says_is_shown_to_its_owner_alone(
    url: str, subscriber: Subscriber
) -> None:
    """Of an event about a person not even to the owner: its receiver has it."""
    async with party(url, scope=ALL) as api, party(url, client="other") as other:
        path = await subscriber.subscribe(api)
        await said(api, thing(1), person())
        listed = await until_deliveries(api, path, 2, state="delivered")
        named = {one["type"]: f"{path}/deliveries/{one['messageId']}" for one in listed}
        shown = (await api.get(named[PERSON])).json()
        assert (await api.get(named[THING])).json()["event"]["data"]["number"] == 1
        assert (await other.get(named[THING])).status_code == 404
    assert shown["withheld"] is True
    assert shown["event"]["type"] == PERSON
    assert "data" not in shown["event"]


async def test_what_a_webhook_never_took_is_a_dead_letter(
    url: str, api: httpx.AsyncClient, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listed and replayed like what a consumer group gives up; another client knows nothing."""
    monkeypatch.setattr(schedule, "RETRIES", ())
    path = await subscriber.subscribe(api, types=[THING])
    subscriber.refuse = lambda _: 500
    await said(api, thing(1))
    letter = await the_letter(api)
    found = {name: letter[name] for name in ("kind", "group", "reason", "attempts")}
    hook = path.rpartition("/")[2]
    assert found == {"kind": "webhook", "group": hook, "reason": "it answered 500", "attempts": 1}
    assert letter["event"]["data"]["number"] == 1
    replay = f"/events/v1/dead-letters/{letter['id']}/replay"
    async with party(url, client="another") as another:
        assert (await another.get("/events/v1/dead-letters")).json()["deadLetters"] == []
        assert (await another.post(replay)).status_code == 404
    subscriber.refuse = lambda _: 200
    assert (await api.post(replay)).status_code == 202
    assert await subscriber.until(1) == [1]
    assert subscriber.messages[0][0] == subscriber.tries[0][0], "known by its id"
    assert (await api.delete(path)).status_code == 204
    assert (await api.post(replay)).status_code == 404


async def the_letter(api: httpx.AsyncClient) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            found = (await api.get("/events/v1/dead-letters")).json()["deadLetters"]
            if found:
                return dict(found[0])
            await asyncio.sleep(0.02)


async def test_a_message_that_waits_is_not_sent_twice(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    subscriber.refuse = lambda _: 500
    path = await subscriber.subscribe(api)
    await said(api, thing(1))
    [waiting] = await until_deliveries(api, path, state="waiting")
    await until_view(api, path, failed=1)
    again = await api.post(f"{path}/deliveries/{waiting['messageId']}/redeliver")
    assert again.status_code == 409


async def on_the_log(api: httpx.AsyncClient, count: int) -> None:
    body = {"limit": count, "waitSeconds": 10}
    async with asyncio.timeout(20):
        while count:
            batch = (await api.post("/events/v1/groups/g/fetch", json=body)).json()
            count -= len(batch["events"])
            await api.post("/events/v1/groups/g/commit", json={"cursor": batch["cursor"]})


async def test_a_replay_sends_everything_again_from_a_time_or_a_position(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    await said(api, *(thing(n) for n in range(3)))  # before the webhook
    await on_the_log(api, 3)
    path = await subscriber.subscribe(api, ordered=True)
    await said(api, *(thing(n) for n in range(3, 6)))
    assert await subscriber.until(3) == [3, 4, 5]
    first = list(subscriber.messages)
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    replayed = await api.post(f"{path}/replay", json={"from": hour_ago.isoformat()})
    assert replayed.status_code == 202, replayed.text
    assert (await subscriber.until(9))[3:] == [0, 1, 2, 3, 4, 5]
    assert subscriber.messages[6:] == first  # the same ids
    assert (await api.post(f"{path}/replay", json={"from": "log=5"})).status_code == 202
    assert (await subscriber.until(11))[9:] == [4, 5]
    await said(api, thing(6))
    assert (await subscriber.until(12))[11:] == [6]
    assert (await api.post(f"{path}/replay", json={"from": "soon"})).status_code == 422


async def test_disabled_webhooks_miss_nothing(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    path = await subscriber.subscribe(api, ordered=True)
    await said(api, thing(1))
    await subscriber.until(1)
    assert (await api.post(f"{path}/disable")).json()["state"] == "disabled"
    async with subscribing() as other:
        await other.subscribe(api, types=[THING])
        await said(api, thing(2), thing(3))
        await other.until(2)
    assert subscriber.numbers == [1]
    assert (await api.post(f"{path}/enable")).json()["state"] == "active"
    assert await subscriber.until(3) == [1, 2, 3]


async def test_another_url_is_verified_before_it_gets_anything(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    path = await subscriber.subscribe(api)
    async with subscribing() as new:
        new.secret = subscriber.secret
        changed = await api.patch(path, json={"url": new.receiver.url, "types": [THING, OTHER]})
        assert (changed.json()["state"], changed.json()["types"]) == ("pending", [THING, OTHER])
        await said(api, thing(1))
        assert (await api.post(f"{path}/verify")).json()["state"] == "active"
        assert await new.until(1) == [1]
    assert subscriber.messages == []


async def test_a_new_secret_and_the_old_one_both_sign_for_a_while(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    path = await subscriber.subscribe(api)
    old = subscriber.secret
    rotated = await api.post(f"{path}/secret", json={"overlapSeconds": 3600})
    new = rotated.json()["secret"]
    await said(api, thing(1))
    await subscriber.until(1)
    assert is_signed(subscriber.receiver.received[-1], new)
    assert is_signed(subscriber.receiver.received[-1], old)
    subscriber.secret = (await api.post(f"{path}/secret", json={"overlapSeconds": 0})).json()[
        "secret"
    ]
    await said(api, thing(2))
    await subscriber.until(2)
    assert not is_signed(subscriber.receiver.received[-1], new)


async def test_a_receiver_that_is_gone_is_suspended_until_enabled(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    subscriber.refuse = lambda _: 410
    path = await subscriber.subscribe(api)
    await said(api, thing(1))
    view = await until_view(api, path, state="suspended")
    assert view["reason"] == "it answered 410 Gone"
    subscriber.refuse = lambda _: 200
    assert (await api.post(f"{path}/enable")).json()["state"] == "active"
    assert await subscriber.until(1) == [1]


async def test_a_deleted_webhook_gets_nothing_more(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    path = await subscriber.subscribe(api)
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404
    async with subscribing() as other:
        await other.subscribe(api)
        await said(api, thing(1))
        await other.until(1)
    assert subscriber.tries == []


async def test_a_client_has_not_more_webhooks_than_it_may(api: httpx.AsyncClient) -> None:
    for _ in range(50):
        made = await api.post(HOOKS, json={"url": "https://example.com/"})
        assert made.status_code == 201
    assert (await api.post(HOOKS, json={"url": "https://example.com/"})).status_code == 403


async def test_many_webhooks_get_each_event_once_and_a_dead_one_holds_up_none(
    api: httpx.AsyncClient,
) -> None:
    async with AsyncExitStack() as stack:
        many = [await stack.enter_async_context(subscribing()) for _ in range(12)]
        for one in many:
            await one.subscribe(api, ordered=True)
        many[0].refuse = lambda _: 500
        many[1].receiver.hold.clear()
        await said(api, *(thing(n, subject=f"s-{n % 3}") for n in range(60)))
        for one in many[2:]:
            await one.until(60)
            assert sorted(one.numbers) == [*range(60)]
            for key in range(3):
                mine = [n for n in one.numbers if n % 3 == key]
                assert mine == sorted(mine)
        assert many[0].messages == []
        assert len(many[0].tries) < 10


@pytest.fixture
async def two_brokers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, str]]:
    async with AsyncExitStack() as stack:
        urls = []
        for name in ("one", "two"):
            folder = tmp_path_factory.mktemp(name)
            app = create_broker(
                store_url=f"sqlite+aiosqlite:///{folder}",
                log_url=f"sqlite:///{folder}/log.db",
                deliver_to="127.0.0.0/8",
            )
            urls.append(await stack.enter_async_context(serving(app)))
        yield urls[0], urls[1]


async def test_two_brokers_subscribed_to_each_other_do_not_loop(
    two_brokers: tuple[str, str], subscriber: Subscriber
) -> None:
    one, two = two_brokers
    async with party(one) as first, party(two) as second:
        for api, other in ((first, two), (second, one)):
            made = await api.post(HOOKS, json={"url": f"{other}/events/v1/events"})
            path = made.headers["location"]
            shaken = await api.post(f"{path}/verify", json={"method": "handshake"})
            assert shaken.status_code == 200, shaken.text
        await subscriber.subscribe(second, ordered=True)
        await said(first, thing(1))
        await subscriber.until(1)
        assert subscriber.messages[0][1]["cityvia"].split()[1:] != []
        async with asyncio.timeout(
            20
        ):  # the second has sent it back, and was told that it is known
            while not (await second.get(HOOKS)).json()["webhooks"][0]["sent"]:
                await asyncio.sleep(0.02)
        await said(first, thing(2))
        assert await subscriber.until(2) == [1, 2]
        lines = (await first.get("/metrics")).text.splitlines()
        accepted = [line for line in lines if line.startswith("city_broker_events_accepted_total")]
        assert [line.rpartition(" ")[2] for line in accepted] == ["2.0"]
