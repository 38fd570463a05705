"""Webhooks over HTTP: ``/events/v1/webhooks``."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse

from schemas.kit.outgoing.signing import new_secret
from schemas.problem import Unavailable, Unprocessable
from schemas.scopes import EVENTS_READ
from schemas.xcity import operation
from services.broker.delivery import EndpointStatus
from services.broker.events.patterns import Wanted
from services.broker.log import LogUnavailable, Position
from services.broker.parts import Broker, BrokerDep
from services.broker.webhooks.owner import OwnerDep
from services.broker.webhooks.views import (
    CreatedWebhook,
    NewWebhook,
    Rotation,
    Verification,
    WebhookChange,
    WebhookList,
    WebhookView,
    created_view,
    view,
)
from services.broker.webhooks.webhook import Webhook

router = APIRouter(tags=["webhooks"])

Name = Annotated[str, Path(pattern=r"^wh_[0-9a-f]{24}$", examples=["wh_5f0c1a2b3c4d5e6f70819203"])]
_READ: Final = operation(EVENTS_READ, dataset="city-events")
_CALLING: Final = operation(EVENTS_READ, dataset="city-events", rate=(30, 60))


@router.post(
    "/webhooks",
    summary="Have events sent to a URL",
    status_code=201,
    response_model=CreatedWebhook,
    openapi_extra=_CALLING,
)
async def create_webhook(
    body: NewWebhook, owner: OwnerDep, broker: BrokerDep, response: Response
) -> CreatedWebhook:
    """Every event of these types from now on (all without `types`) is sent by POST to your URL.

    The body is the CloudEvent in JSON (`application/cloudevents+json`), signed by
    [Standard Webhooks](https://www.standardwebhooks.com) with the `secret` in this answer, which
    is not told again. Nothing is sent before your URL is verified: keep the secret, then call
    `verify`. Answer 2xx when you have the event safe; anything else is tried again, for three
    days. An event may come twice: know it by `webhook-id`. With `ordered`, events of one subject
    come in order, and one that you do not take holds up those behind it.
    """
    broker.deliveries.check_url(body.url)
    Wanted.of(body.types, broker.types.names())  # refused in words when one means nothing
    start = await _end(broker)
    webhook, secret = await broker.webhooks.book.create(
        owner,
        url=body.url,
        types=body.types,
        description=body.description,
        ordered=body.ordered,
        start=start,
    )
    response.headers["location"] = f"/events/v1/webhooks/{webhook.id}"
    response.headers["cache-control"] = "no-store"
    return created_view(webhook, secret)


async def _end(broker: Broker) -> Position:
    names = [topic.name for topic in broker.webhooks.topics()]
    await broker.prepare(names)
    try:
        return await broker.log.end(names)
    except LogUnavailable as error:
        raise Unavailable(
            "The log cannot be read at the moment.", headers={"retry-after": "5"}
        ) from error


@router.get("/webhooks", summary="List your webhooks", openapi_extra=_READ)
async def list_webhooks(owner: OwnerDep, broker: BrokerDep) -> WebhookList:
    """All of your client, oldest first, and how each does."""
    found = await broker.webhooks.book.all(owner)
    return WebhookList(webhooks=await seen(broker, found))


@router.get("/webhooks/{webhook}", summary="One of your webhooks", openapi_extra=_READ)
async def get_webhook(webhook: Name, owner: OwnerDep, broker: BrokerDep) -> WebhookView:
    """Where it sends what, and how it does."""
    found = await broker.webhooks.book.get(owner, webhook)
    return (await seen(broker, [found]))[0]


async def seen(broker: Broker, webhooks: list[Webhook]) -> list[WebhookView]:
    """Webhooks with how they do."""
    names = [webhook.endpoint for webhook in webhooks]
    statuses = await broker.deliveries.statuses(names)
    async with broker.store.read() as connection:
        waiting = await broker.deliveries.queue.waiting(connection, names)
    now = time.time()
    return [
        view(one, statuses.get(one.endpoint, EndpointStatus()), waiting.get(one.endpoint, 0), now)
        for one in webhooks
    ]


@router.patch("/webhooks/{webhook}", summary="Change a webhook", openapi_extra=_READ)
async def change_webhook(
    webhook: Name, body: WebhookChange, owner: OwnerDep, broker: BrokerDep
) -> WebhookView:
    """What you leave out stays. Another `url` is to be verified before more is sent.

    Changing a webhook makes its rights those of the token that you change it with.
    """
    changes = body.model_dump(exclude_none=True)
    if body.url is not None:
        broker.deliveries.check_url(body.url)
    if body.types is not None:
        Wanted.of(body.types, broker.types.names())
        changes["types"] = " ".join(body.types)
    if body.ordered is not None:
        changes["ordered"] = int(body.ordered)
    book = broker.webhooks.book
    async with book.changing(owner, webhook) as (connection, found):
        moved = body.url is not None and body.url != found.url
        found = await book.set(connection, owner, found, **changes)
        if moved:
            found = await book.set(connection, owner, found, verified=None)
            found = await book.switch(connection, owner, found, "pending")
    return (await seen(broker, [found]))[0]


@router.delete(
    "/webhooks/{webhook}",
    summary="Delete a webhook",
    status_code=204,
    response_class=Response,
    openapi_extra=_READ,
)
async def delete_webhook(webhook: Name, owner: OwnerDep, broker: BrokerDep) -> Response:
    """With everything that waits for it."""
    await broker.webhooks.book.delete(owner, webhook)
    return Response(status_code=204)


@router.post(
    "/webhooks/{webhook}/verify",
    summary="Verify a webhook's URL",
    openapi_extra=_CALLING,
)
async def verify_webhook(
    webhook: Name, owner: OwnerDep, broker: BrokerDep, body: Verification | None = None
) -> WebhookView:
    """Your receiver is asked, now; with its yes the webhook becomes active.

    `challenge` (usual): a signed POST with `{"type": "webhook.verification", "data":
    {"challenge": "…"}}` comes; answer 200 with `{"challenge": "…"}`. `handshake`: an OPTIONS
    request as in CloudEvents' HTTP 1.1 Web Hooks comes, with `WebHook-Request-Origin`; answer 200
    with `WebHook-Allowed-Origin`. 422 `verification-failed` says what your receiver did instead.
    """
    book = broker.webhooks.book
    asked = await book.get(owner, webhook)
    await broker.webhooks.verifier.ask(asked, body.method if body else "challenge")
    async with book.changing(owner, webhook) as (connection, found):
        if found.url != asked.url:
            raise Unprocessable("The URL was changed while it was being verified; verify again.")
        found = await book.set(connection, owner, found, verified=time.time())
        found = await book.switch(connection, owner, found, "active")
    return (await seen(broker, [found]))[0]


@router.post("/webhooks/{webhook}/disable", summary="Stop sending", openapi_extra=_READ)
async def disable_webhook(webhook: Name, owner: OwnerDep, broker: BrokerDep) -> WebhookView:
    """Until you enable it again. Nothing is lost meanwhile, for as long as the log keeps it."""
    book = broker.webhooks.book
    async with book.changing(owner, webhook) as (connection, found):
        if found.state == "active":
            found = await book.switch(connection, owner, found, "disabled")
    return (await seen(broker, [found]))[0]


@router.post("/webhooks/{webhook}/enable", summary="Send again", openapi_extra=_READ)
async def enable_webhook(webhook: Name, owner: OwnerDep, broker: BrokerDep) -> WebhookView:
    """Goes on where it stopped, at once, also when it waits because your receiver failed."""
    book = broker.webhooks.book
    async with book.changing(owner, webhook) as (connection, found):
        if found.verified is None:
            raise Unprocessable("The URL is not verified; call `verify` first.")
        found = await book.switch(connection, owner, found, "active")
    return (await seen(broker, [found]))[0]


@router.post(
    "/webhooks/{webhook}/secret",
    summary="Rotate a webhook's secret",
    openapi_extra=_READ,
)
async def rotate_webhook_secret(
    webhook: Name,
    owner: OwnerDep,
    broker: BrokerDep,
    body: Rotation | None = None,
) -> JSONResponse:
    """`{"secret": "whsec_…", "previousUntil": …}`: until then each message carries two signatures,
    one by the old secret and one by the new, so that nothing is refused while you change over.
    """
    book = broker.webhooks.book
    overlap = (body or Rotation()).overlap_seconds
    secret, until = new_secret(), time.time() + overlap
    async with book.changing(owner, webhook) as (connection, found):
        await book.rotate(connection, owner, found, secret, until if overlap else None)
    answer: dict[str, Any] = {"secret": secret, "previousUntil": round(until)}
    return JSONResponse(answer, headers={"cache-control": "no-store"})
