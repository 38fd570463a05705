"""How a subscription is told, checked: NotificationParams (GS CIM 009 §5.2.14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import Context
from services.broker.context.projection import OWN, parse_projection
from services.broker.subscriptions import fields
from services.broker.subscriptions.endpoint import endpoint
from services.broker.subscriptions.fields import Check, array_of
from services.broker.subscriptions.names import rewritten

_NOT_ATTRIBUTES: Final = ("id", "type", "scope")


def _plain_attribute(value: Any, where: str, context: Context) -> str:
    if value in _NOT_ATTRIBUTES:
        raise BadRequestData(f"{where}: {value} is no attribute; use pick or omit.")
    return fields.attribute_name(value, where, context)


def _member(value: Any, where: str, context: Context) -> str:
    """What ``pick`` and ``omit`` name: a member of the entity itself, or an attribute (§4.21)."""
    written = fields.text(value, where, context)
    parse_projection(written, context, where)
    return rewritten(written, lambda name: name if name in OWN else context.expand(name))


def notification(value: Any, where: str, context: Context) -> dict[str, Any]:
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
