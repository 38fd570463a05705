"""What is still sent when its time comes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from schemas.kit.outgoing.model import Request
from services.broker.context.jsonld import CORE
from services.broker.delivery import EndpointStatus
from services.broker.delivery.model import Drop, Waiting
from services.broker.subscriptions.notification import PERSONAL
from services.broker.subscriptions.store import Owner, endpoint_name
from services.broker.subscriptions.tables import subscriptions
from tests.services.broker.subscriptions.bench import OWNER, Bench, vehicle


async def waiting(steps: Bench, owner: Owner = OWNER, **members: object) -> Waiting:
    """A notification that waits to be sent."""
    await steps.subscribe(owner, **members)
    await steps.upsert(vehicle(a=1))
    await steps.work()
    (delivery,) = steps.sent.deliveries
    return Waiting(1, delivery, steps.clock().timestamp())


async def prepared(steps: Bench, waiting: Waiting) -> object:
    name = waiting.delivery.endpoint
    return (await steps.preparer([name]))[name](waiting)


def id_of(waiting: Waiting) -> str:
    return waiting.delivery.endpoint.removeprefix("subscription::")


async def test_it_goes_to_where_the_subscription_says_now(steps: Bench) -> None:
    found = await waiting(steps)
    endpoint = {"uri": "https://example.com/elsewhere"}
    change = {"notification": {"endpoint": endpoint}}
    await steps.subscriptions.change(OWNER, id_of(found), change, CORE)
    request = await prepared(steps, found)
    assert isinstance(request, Request)
    assert (request.url, request.body) == (endpoint["uri"], found.delivery.body)


async def test_it_is_dropped_when_the_subscription_is_paused_or_expired(steps: Bench) -> None:
    found = await waiting(steps, expiresAt="2026-04-01T10:00:00Z")
    await steps.subscriptions.change(OWNER, id_of(found), {"isActive": False}, CORE)
    assert await prepared(steps, found) == Drop("the subscription is paused")
    steps.clock.forward(3600)
    assert await prepared(steps, found) == Drop("the subscription is expired")


async def test_it_is_gone_with_the_subscription(steps: Bench) -> None:
    found = await waiting(steps)
    await steps.subscriptions.delete(OWNER, id_of(found))
    assert await steps.preparer([found.delivery.endpoint]) == {}


async def test_it_is_dropped_when_its_owner_may_not_see_persons_any_more(steps: Bench) -> None:
    doctor = Owner("", "tests", personal=True)
    found = await waiting(steps, doctor)
    about = replace(found, delivery=replace(found.delivery, about={PERSONAL: "1"}))
    assert isinstance(await prepared(steps, about), Request)
    await steps.subscriptions.change(OWNER, id_of(found), {"description": "x"}, CORE)
    assert isinstance(await prepared(steps, about), Drop)
    assert isinstance(await prepared(steps, found), Request)


@pytest.mark.parametrize(("seconds", "goes"), [(0.9, False), (1.1, True)])
async def test_nothing_goes_within_the_cooldown_after_a_failure(
    steps: Bench, seconds: float, goes: bool
) -> None:
    """§5.2.15: milliseconds."""
    found = await waiting(steps, endpoint={"cooldown": 1000})
    failed = steps.clock().timestamp()
    doing = EndpointStatus(sent=1, failed=1, last_failure=failed, failures=1)
    steps.sent.doing[endpoint_name("", id_of(found))] = doing
    steps.clock.forward(seconds)
    assert isinstance(await prepared(steps, found), Request) is goes


async def test_the_timeout_is_the_endpoints(steps: Bench) -> None:
    """§5.2.15: milliseconds."""
    assert (await waiting(steps, endpoint={"timeout": 250})).delivery.timeout == 0.25


async def test_what_a_receiver_asks_for_is_kept_sealed_and_sent_open(steps: Bench) -> None:
    """§6.3.8: header fields; in the store nobody can read them."""
    info = [{"key": "Authorization", "value": "Bearer secret"}, {"key": "Link", "value": "mine"}]
    found = await waiting(steps, endpoint={"receiverInfo": info})
    async with steps.store.read() as connection:
        kept = str((await connection.execute(select(subscriptions.c.document))).scalar_one())
    assert "Authorization" in kept
    assert "Bearer secret" not in kept
    assert "authorization" not in found.delivery.headers
    request = await prepared(steps, found)
    assert isinstance(request, Request)
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["link"] == found.delivery.headers["link"]
    change = {"notification": {"format": "concise"}}  # keeps the endpoint
    await steps.subscriptions.change(OWNER, id_of(found), change, CORE)
    request = await prepared(steps, found)
    assert isinstance(request, Request)
    assert request.headers["authorization"] == "Bearer secret"
