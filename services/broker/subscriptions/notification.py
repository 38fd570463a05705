"""A notification: its body and its header fields (GS CIM 009 §5.3.1, §6.3.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import orjson

from schemas.ngsild import timestamp
from services.broker.context.jsonld import Context
from services.broker.context.model import ContextEntity
from services.broker.context.negotiation import GEO_JSON, JSON, JSON_LD
from services.broker.delivery import Delivery
from services.broker.subscriptions.changes import EntityChange
from services.broker.subscriptions.linked import Linking, Shown
from services.broker.subscriptions.model import Subscription, prefers_plain_json
from services.broker.subscriptions.rendering import Rendering, Told, as_feature
from services.broker.subscriptions.store import endpoint_name

KEPT_SECONDS: Final = 3600.0
"""After which a notification is not tried any more: what it tells is no longer so."""

_TIMEOUT_SECONDS: Final = 10.0
PERSONAL: Final = "personal"
_Key = tuple[bytes, int, tuple[int, ...]]


class Notifications:
    """Makes notifications; what many subscriptions show alike is rendered once.

    For one portion of changes: what it has rendered it keeps.
    """

    def __init__(self, linking: Linking) -> None:
        self._linking = linking
        self._rendered: dict[_Key, tuple[Sequence[Told], Context, bytes]] = {}

    async def of(
        self, subscription: Subscription, told: Sequence[Told], context: Context, now: datetime
    ) -> Delivery:
        """The notification of some entities, ready to be sent.

        In order for one entity; of several that changed together, in no order with others.
        """
        content = await self._content(subscription, told, context)
        return _delivery(subscription, told, content, context, now)

    async def _content(
        self, subscription: Subscription, told: Sequence[Told], context: Context
    ) -> bytes:
        if subscription.joins:  # what is linked to depends on what the owner may see
            return await self._render(subscription, told, context)
        key = (subscription.look, id(context), tuple(map(id, told)))
        found = self._rendered.get(key)
        if found is None:
            content = await self._render(subscription, told, context)
            # with what it was made of: an id is one thing's only for as long as that is there
            found = self._rendered[key] = (told, context, content)
        return found[2]

    async def _render(
        self, subscription: Subscription, told: Sequence[Told], context: Context
    ) -> bytes:
        rendering = Rendering(subscription, context)
        subjects = [rendering.subject(one) for one in told]
        shown = await self._linking.shown(subscription, subjects, rendering.view)
        for one, (_, json) in zip(told, shown, strict=False):
            rendering.finish(one, json)
        return orjson.dumps(_content(subscription, shown, context))


def _delivery(
    subscription: Subscription,
    told: Sequence[Told],
    content: bytes,
    context: Context,
    now: datetime,
) -> Delivery:
    id_ = f"urn:ngsi-ld:Notification:{uuid4()}"
    own = {
        "id": id_,
        "type": "Notification",
        "subscriptionId": subscription.id,
        "notifiedAt": timestamp(now),
    }
    timeout = subscription.endpoint.get("timeout")
    return Delivery(
        endpoint=endpoint_name(subscription.tenant, subscription.id),
        url=str(subscription.endpoint["uri"]),
        headers=_headers(subscription, context),
        body=orjson.dumps(own)[:-1] + b"," + content[1:],  # the members of both, in one object
        message=id_,
        key=_entity(told[0]).id if len(told) == 1 else "",
        timeout=timeout / 1000 if timeout else _TIMEOUT_SECONDS,
        expires=now.timestamp() + KEPT_SECONDS,
        about={PERSONAL: "1"} if any(_entity(one).restricted for one in told) else {},
    )


def _content(
    subscription: Subscription, shown: Sequence[Shown], context: Context
) -> dict[str, Any]:
    """What a notification says of entities."""
    media = _media(subscription)
    if media == GEO_JSON:
        features = [as_feature(json, entity) for entity, json in shown]
        collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
        if not _wants_plain_json(subscription):
            collection["@context"] = context.source
        return {"data": collection}
    if media == JSON_LD:
        # of the whole, for its own members, and of each entity, which may be taken out of it
        return {
            "data": [{**json, "@context": context.source} for _, json in shown],
            "@context": context.source,
        }
    return {"data": [json for _, json in shown]}


def _headers(subscription: Subscription, context: Context) -> Mapping[str, str]:
    """The broker's own; those of ``receiverInfo`` are added when it is sent."""
    media = _media(subscription)
    headers = {"content-type": media}
    if media == JSON or (media == GEO_JSON and _wants_plain_json(subscription)):
        headers["link"] = context.link
    if subscription.tenant:
        headers["ngsild-tenant"] = subscription.tenant
    return headers


def _media(subscription: Subscription) -> str:
    return str(subscription.endpoint.get("accept", JSON))


def _wants_plain_json(subscription: Subscription) -> bool:
    return prefers_plain_json(subscription.endpoint)


def _entity(told: Told) -> ContextEntity:
    return told.entity if isinstance(told, EntityChange) else told
