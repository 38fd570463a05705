"""A subscription's JSON, checked and with its names expanded (GS CIM 009 §5.2.12 to §5.2.15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import Context
from services.broker.context.kinds import NULL
from services.broker.subscriptions import fields
from services.broker.subscriptions.conditions import geo_q, q, scope_q, selector
from services.broker.subscriptions.fields import Check, array_of
from services.broker.subscriptions.parameters import notification

Document = dict[str, Any]

TRIGGERS: Final = (
    "entityCreated",
    "entityUpdated",
    "entityDeleted",
    "attributeCreated",
    "attributeUpdated",
    "attributeDeleted",
)


def _dataset(value: Any, where: str, context: Context) -> str:
    return value if value == "@none" else fields.uri(value, where, context)


_SUBSCRIPTION: Final[Mapping[str, Check]] = {
    "id": fields.uri,
    "type": fields.one_of("Subscription"),
    "subscriptionName": fields.text,
    "description": fields.text,
    "entities": array_of(selector),
    "watchedAttributes": array_of(fields.attribute_name),
    "notificationTrigger": array_of(fields.one_of(*TRIGGERS)),
    "q": q,
    "geoQ": geo_q,
    "scopeQ": scope_q,
    "csf": q,
    "datasetId": array_of(_dataset),
    "expandValues": fields.text,
    "jsonKeys": fields.text,
    "expiresAt": fields.moment,
    "isActive": fields.boolean,
    "jsonldContext": fields.uri,
    "lang": fields.language,
    "localOnly": fields.boolean,
    "splitEntities": fields.boolean,
    "ngsildConformance": fields.text,
    "notification": notification,
    "throttling": fields.positive,
    "timeInterval": fields.positive,
}


def new_document(body: Any, context: Context, now: datetime) -> Document:
    """What is stored of a new subscription (§5.8.1.4); an ``id`` may still be missing.

    Raises:
        BadRequestData: §5.2.12 is not met; says where.
        OperationNotSupported: a protocol that is not spoken.
    """
    found = fields.members(body, _SUBSCRIPTION, "", context)
    fields.needs(found, "", "type", "notification")
    _check_future(found, now)
    return _consistent(found)


def patched(old: Document, fragment: Any, context: Context, now: datetime) -> Document:
    """A subscription with a fragment in place of what it names (§5.8.2.4, §5.5.8).

    Raises:
        BadRequestData: the fragment, or what it would make, does not meet §5.2.12.
    """
    if not isinstance(fragment, dict):
        raise BadRequestData("A subscription fragment is a JSON object.")
    removed = {name for name, value in fragment.items() if value is None or value == NULL}
    if removed & {"id", "type", "notification"}:
        raise BadRequestData("id, type and notification cannot be removed.")
    given = {name: value for name, value in fragment.items() if name not in removed}
    if isinstance(given.get("notification"), dict):
        given["notification"] = {"endpoint": _endpoint_of(old), **given["notification"]}
    found = fields.members(given, _SUBSCRIPTION, "", context)
    if found.get("id", old["id"]) != old["id"]:
        raise BadRequestData("/id: cannot be changed.")
    _check_future(found, now)
    kept = {name: value for name, value in old.items() if name not in removed}
    if _is_woken(old, found, now):
        kept["isActive"] = True
    return _consistent({**kept, **found})


def _endpoint_of(old: Document) -> Any:
    return old["notification"]["endpoint"]


def _is_woken(old: Document, found: Document, now: datetime) -> bool:
    """Only a new end makes an expired subscription active again."""
    expired = "expiresAt" in old and fields.seconds_of(old["expiresAt"]) <= now.timestamp()
    return expired and "expiresAt" in found and "isActive" not in found and "isActive" in old


def _check_future(found: Document, now: datetime) -> None:
    if "expiresAt" in found and fields.seconds_of(found["expiresAt"]) <= now.timestamp():
        raise BadRequestData("/expiresAt: is in the past.")


def _consistent(found: Document) -> Document:
    fields.needs(found["notification"], "/notification", "endpoint")
    if "timeInterval" in found:
        for other in ("watchedAttributes", "throttling"):
            if other in found:
                raise BadRequestData(f"/timeInterval: does not go together with {other}.")
    if found.get("localOnly") is True:
        return found
    if "timeInterval" in found and "entities" not in found:
        raise BadRequestData("/timeInterval: needs entities.")
    if "entities" not in found and "watchedAttributes" not in found:
        raise BadRequestData("Give entities, watchedAttributes, or both.")
    if found.get("localOnly") is False and _any_type(found):
        raise BadRequestData('/localOnly: is not false where a type is "*".')
    return found


def _any_type(found: Document) -> bool:
    return any(selector["type"] == "*" for selector in found.get("entities", ()))
