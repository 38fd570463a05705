"""What outlives the call that made it ends with the consent: webhooks, subscriptions, groups."""

from __future__ import annotations

from sqlalchemy import select

from services.broker.delivery.tables import deliveries
from services.broker.webhooks.tables import webhooks
from tests.services.broker.consent.conftest import Place, make
from tests.services.broker.consent.control import FakeControl, consent, presented
from tests.services.broker.consent.test_streams import seen
from tests.services.broker.domain import PERSON, THING, thing
from tests.services.broker.running import ALL, party, publish, serving, until
from tests.services.broker.webhooks.subscriber import Subscriber

SUBSCRIPTIONS = "/ngsi-ld/v1/subscriptions"


async def waiting(place: Place) -> int:
    query = select(deliveries).where(deliveries.c.due.is_not(None))
    async with place.broker.store.read() as connection:
        return len((await connection.execute(query)).all())


async def test_a_webhook_gets_its_resident_s_events_by_names_of_its_own(
    place: Place, subscriber: Subscriber
) -> None:
    await subscriber.subscribe(place.app, types=[PERSON])
    await publish(place.city, seen("taro"), seen("hanako"))
    await until(lambda: subscriber.messages)
    ((_, event),) = subscriber.messages
    assert event["subject"] == "hanako-to-client"
    assert event["data"] == {"person": "hanako 0"}


async def test_withdrawing_a_consent_drops_what_waits_and_leaves_the_rest(
    place: Place, subscriber: Subscriber
) -> None:
    subscriber.refuse = lambda _: 500
    path = await subscriber.subscribe(place.app, types=[PERSON, THING])
    await publish(place.city, seen("hanako"), thing(1))
    await until(lambda: len(subscriber.tries) >= 2)
    await place.control.end(consents=["c-h"])
    await place.until("dropped", 1)
    assert await waiting(place) == 1
    subscriber.refuse = lambda _: 200
    await place.app.post(f"{path}/enable")
    await until(lambda: subscriber.messages)
    await publish(place.city, seen("hanako", 1), thing(2))
    await until(lambda: len(subscriber.messages) >= 2)
    assert [event["type"] for _, event in subscriber.messages] == [THING, THING]


async def test_a_webhook_ends_with_its_grant_and_all_that_waits_with_it(
    place: Place, subscriber: Subscriber
) -> None:
    subscriber.refuse = lambda _: 500
    await subscriber.subscribe(place.app, types=[PERSON, THING])
    await publish(place.city, seen("hanako"), thing(1))
    await until(lambda: len(subscriber.tries) >= 2)
    await place.control.end(grants=["grant-h"])
    await place.until("dropped", 2)
    async with place.broker.store.read() as connection:
        assert (await connection.execute(select(webhooks.c.id))).all() == []
        assert (await connection.execute(select(deliveries.c.id))).all() == []


async def test_suspending_a_client_ends_what_residents_gave_it_and_holds_the_rest(
    place: Place, subscriber: Subscriber
) -> None:
    await subscriber.subscribe(place.app, types=[PERSON])
    machine = party(place.url, client="app")
    async with machine, place.broker.store.read() as connection:
        made = await machine.post(
            "/events/v1/webhooks", json={"url": subscriber.receiver.url, "types": [THING]}
        )
        assert made.status_code == 201
        await place.control.end(clients={"app": 4_000_000_000}, suspended=["app"])
        await place.until("ended", 1)
        left = (await connection.execute(select(webhooks.c.gid))).scalars().all()
    assert left == [""]


async def test_a_subscription_ends_with_its_grant(place: Place, subscriber: Subscriber) -> None:
    body = {
        "type": "Subscription",
        "entities": [{"type": "TestPatient"}],
        "notification": {"endpoint": {"uri": subscriber.receiver.url}},
    }
    made = await place.app.post(SUBSCRIPTIONS, json=body)
    assert made.status_code == 201, made.text
    await place.control.end(grants=["grant-h"])
    await place.until("ended", 1)
    assert (await place.app.get(SUBSCRIPTIONS)).status_code == 403
    async with party(place.url, client="app") as machine:
        assert (await machine.get(SUBSCRIPTIONS)).json() == []


async def test_what_ended_while_the_broker_was_away_ends_when_it_is_back(
    sqlite_url: str, embedded_url: str, subscriber: Subscriber
) -> None:
    """The word itself may be told no more then: it asks for all that it holds."""
    control = FakeControl()
    control.give("hanako", "grant-h")
    first = make(sqlite_url, embedded_url, control)
    async with serving(first) as url:
        app = party(url)
        app.headers.update(presented("grant-h", consent("c-h")))
        ended = first.state.broker.consents.ended
        await until(lambda: not ended.is_silent)
        async with app:
            await subscriber.subscribe(app, types=[PERSON])
    del control.residents["grant-h"]  # ended, and no word of it any more
    again = make(sqlite_url, embedded_url, control)
    async with serving(again) as url, party(url, scope=ALL) as city:
        place = Place(again.state.broker, control, url, city, city)
        await place.until("ended", 1)
        await publish(city, seen("hanako"))
    assert subscriber.messages == []
