"""A subscription's JSON, checked and with its names expanded (GS CIM 009 §5.2.12 to §5.2.15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.broker.context.errors import BadRequestData
from services.broker.context.geoquery import parse_geoquery
from services.broker.context.jsonld import Context
from services.broker.context.kinds import NULL
from services.broker.context.patterns import check_pattern
from services.broker.context.projection import OWN, parse_projection
from services.broker.context.q import parse_q
from services.broker.context.q_sql import checked_patterns
from services.broker.context.scope_query import parse_scope_query
from services.broker.context.selection import parse_type_selection
from services.broker.subscriptions import fields
from services.broker.subscriptions.endpoint import endpoint
from services.broker.subscriptions.fields import Check, array_of
from services.broker.subscriptions.names import rewritten

Document = dict[str, Any]

TRIGGERS: Final = (
    "entityCreated",
    "entityUpdated",
    "entityDeleted",
    "attributeCreated",
    "attributeUpdated",
    "attributeDeleted",
)
_NOT_ATTRIBUTES: Final = frozenset(("id", "type", "scope"))


def _types(value: Any, where: str, context: Context) -> str:
    written = fields.text(value, where, context)
    parse_type_selection(written, context)
    return written if written == "*" else rewritten(written, context.expand)


def _ids(value: Any, where: str, context: Context) -> str | list[str]:
    if isinstance(value, list):
        ids: list[str] = array_of(fields.uri)(value, where, context)
        return ids
    return fields.uri(value, where, context)


def _pattern(value: Any, where: str, context: Context) -> str:
    return check_pattern(fields.text(value, where, context), where)


def _selector(value: Any, where: str, context: Context) -> Document:
    """EntitySelector (§5.2.33)."""
    found = fields.members(value, _SELECTOR, where, context)
    fields.needs(found, where, "type")
    return found


def _q(value: Any, where: str, context: Context) -> str:
    written = fields.text(value, where, context)
    checked_patterns(parse_q(written))
    return written


def _scope_q(value: Any, where: str, context: Context) -> str:
    written = fields.text(value, where, context)
    parse_scope_query(written)
    return written


def _geo_q(value: Any, where: str, context: Context) -> Document:
    """GeoQuery (§5.2.13); coordinates are kept as they were written."""
    found = fields.members(value, _GEO, where, context)
    fields.needs(found, where, "georel", "geometry", "coordinates")
    parse_geoquery(
        found["georel"],
        found["geometry"],
        found["coordinates"],
        found.get("geoproperty", ""),
        context,
    )
    return found


def _coordinates(value: Any, where: str, context: Context) -> Any:
    if not isinstance(value, list | str) or not value:
        raise BadRequestData(f"{where}: is a JSON array.")
    return value


def _plain_attribute(value: Any, where: str, context: Context) -> str:
    if value in _NOT_ATTRIBUTES:
        raise BadRequestData(f"{where}: {value} is no attribute; use pick or omit.")
    return fields.attribute_name(value, where, context)


def _member(value: Any, where: str, context: Context) -> str:
    """What ``pick`` and ``omit`` name: a member of the entity itself, or an attribute (§4.21)."""
    written = fields.text(value, where, context)
    parse_projection(written, context, where)
    return rewritten(written, lambda name: name if name in OWN else context.expand(name))


def _notification(value: Any, where: str, context: Context) -> Document:
    """NotificationParams (§5.2.14)."""
    found = fields.members(value, _NOTIFICATION, where, context)
    if found.get("showChanges") and found.get("format") in ("simplified", "keyValues"):
        raise BadRequestData(f"{where}/showChanges: cannot be shown in the simplified format.")
    picked = "pick" in found or "omit" in found
    if "attributes" in found and picked:
        raise BadRequestData(f"{where}/attributes: says the same as pick; give one of them.")
    if set(found.get("pick", ())) & set(found.get("omit", ())):
        raise BadRequestData(f"{where}: pick and omit name the same member.")
    return found


def _dataset(value: Any, where: str, context: Context) -> str:
    return value if value == "@none" else fields.uri(value, where, context)


_SELECTOR: Final[Mapping[str, Check]] = {"type": _types, "id": _ids, "idPattern": _pattern}
_GEO: Final[Mapping[str, Check]] = {
    "georel": fields.text,
    "geometry": fields.text,
    "coordinates": _coordinates,
    "geoproperty": fields.text,
}
_NOTIFICATION: Final[Mapping[str, Check]] = {
    "endpoint": endpoint,
    "attributes": array_of(_plain_attribute),
    "pick": array_of(_member),
    "omit": array_of(_member),
    "format": fields.one_of("normalized", "concise", "simplified", "keyValues"),
    "join": fields.one_of("flat", "inline", "@none"),
    "joinLevel": fields.positive_integer,
    "showChanges": fields.boolean,
    "sysAttrs": fields.boolean,
}
_SUBSCRIPTION: Final[Mapping[str, Check]] = {
    "id": fields.uri,
    "type": fields.one_of("Subscription"),
    "subscriptionName": fields.text,
    "description": fields.text,
    "entities": array_of(_selector),
    "watchedAttributes": array_of(fields.attribute_name),
    "notificationTrigger": array_of(fields.one_of(*TRIGGERS)),
    "q": _q,
    "geoQ": _geo_q,
    "scopeQ": _scope_q,
    "csf": _q,
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
    "notification": _notification,
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
