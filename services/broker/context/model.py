"""An entity as the broker holds it, and how it comes in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from services.broker.context.attributes import AttributeReader, Attributes, Nulls
from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import CORE, Context
from services.broker.context.kinds import NO_ATTRIBUTE, NULL
from services.broker.context.scopes import is_removed, parse_scopes
from services.broker.context.times import as_datetime
from services.broker.events.check import escape
from services.broker.events.visibility import is_restricted

_URI: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s\x00-\x1f\x7f<>\"'(){}|\\^`]+")
_MOST_ID: Final = 512
_MOST_TYPES: Final = 20
_MOST_ATTRIBUTES: Final = 1000
_OF_THE_ENTITY: Final = frozenset(
    ("id", "type", "scope", "expiresAt", "@context", "createdAt", "modifiedAt", "deletedAt")
)


@dataclass(frozen=True, slots=True)
class ContextEntity:
    """One entity.

    Attributes:
        types: expanded.
        attributes: expanded name → instances, see :mod:`~services.broker.context.attributes`.
        created, modified: RFC 3339; empty before it is stored.
        scope: §4.18, see :mod:`~services.broker.context.scopes`.
        expires: RFC 3339; when it may be deleted (§4.22); empty for never.
    """

    id: str
    types: tuple[str, ...]
    attributes: Attributes
    created: str = ""
    modified: str = ""
    scope: tuple[str, ...] = ()
    expires: str = ""

    @property
    def restricted(self) -> bool:
        """Whether it is about persons."""
        return any(is_restricted(CORE.compact(name)) for name in self.types)

    def with_attributes(self, attributes: Attributes) -> ContextEntity:
        return replace(self, attributes=attributes)


@dataclass(frozen=True, slots=True)
class Fragment:
    """Part of an entity: what to add or to change.

    Attributes:
        scopes: the new ones; None when they are not spoken of, empty to remove them.
        expires: the new moment; None when it is not spoken of, empty to remove it.
        has_null: whether something in it says "remove this".
    """

    types: tuple[str, ...]
    attributes: Attributes
    context: Context = field(default=CORE)
    scopes: tuple[str, ...] | None = None
    expires: str | None = None
    has_null: bool = False

    def as_entity(self, id_: str) -> ContextEntity:
        """A whole entity.

        Raises:
            BadRequestData: it has no type, or says "remove this" where there is nothing yet.
        """
        if not self.types:
            raise BadRequestData("/type: an entity has one.")
        if self.has_null:
            raise BadRequestData(f"{NULL} removes, and there is no entity {id_} yet.")
        return ContextEntity(
            id_, self.types, self.attributes, scope=self.scopes or (), expires=self.expires or ""
        )


def parse_entity(body: Any, context: Context = CORE, *, simplified: bool = False) -> ContextEntity:
    """The entity in a JSON value.

    Args:
        context: what its names mean; the body's own ``@context`` is already in it.
        simplified: it is in the simplified representation (§4.5.4).

    Raises:
        BadRequestData: no entity: the id is no URI, the type is missing, an attribute is none.
    """
    fragment = parse_fragment(body, context, simplified=simplified)
    return fragment.as_entity(check_id(body.get("id")))


def parse_fragment(
    body: Any,
    context: Context = CORE,
    *,
    nulls: Nulls = "refused",
    simplified: bool = False,
    id_: str = "",
) -> Fragment:
    """The part of an entity in a JSON value.

    Args:
        id_: the entity that it is for; its own ``id``, if it has one, has to be the same (§5.4).

    Raises:
        BadRequestData: it is none.
    """
    if not isinstance(body, dict):
        raise BadRequestData("An entity is a JSON object.")
    if len(body) > _MOST_ATTRIBUTES:
        raise BadRequestData(f"An entity has at most {_MOST_ATTRIBUTES} attributes.")
    if id_ and body.get("id", id_) != id_:
        raise BadRequestData(f"/id: is not {id_}, the entity that is spoken of.")
    reader = AttributeReader(context, nulls=nulls, simplified=simplified)
    attributes = _attributes(body, context, reader)
    scopes = _scopes(body["scope"], nulls) if "scope" in body else None
    expires = _expires(body["expiresAt"], nulls) if "expiresAt" in body else None
    has_null = reader.met_null or scopes == () or expires == ""
    return Fragment(
        _types(body.get("type"), context), attributes, context, scopes, expires, has_null
    )


def _attributes(body: dict[str, Any], context: Context, reader: AttributeReader) -> Attributes:
    found: Attributes = {}
    for name, value in body.items():
        if name in _OF_THE_ENTITY:
            continue
        if name in NO_ATTRIBUTE:
            raise BadRequestData(f"/{name}: is no attribute of an entity (§4.5.1).")
        expanded = context.expand(name)
        where = "/" + (escape(name) if "/" in name or "~" in name else name)
        if expanded in found:
            raise BadRequestData(f"{where}: is there twice, under another name.")
        found[expanded] = reader.read(value, where)
    return found


def _scopes(value: Any, nulls: Nulls) -> tuple[str, ...]:
    return () if nulls != "refused" and is_removed(value) else parse_scopes(value)


def _expires(value: Any, nulls: Nulls) -> str:
    return "" if nulls != "refused" and value == NULL else as_datetime(value, "/expiresAt")


def _types(value: Any, context: Context) -> tuple[str, ...]:
    if isinstance(value, str) and value:
        return (context.expand(value),)
    names = value if isinstance(value, list) else [value] if value is not None else []
    if len(names) > _MOST_TYPES or not all(isinstance(name, str) and name for name in names):
        raise BadRequestData("/type: is a name, or a list of names.")
    return tuple(dict.fromkeys(context.expand(name) for name in names))


def check_id(value: Any) -> str:
    """The id, when it is one (§4.5.1: a URI).

    Raises:
        BadRequestData: it is not.
    """
    if not is_id(value):
        raise BadRequestData(f"{str(value)[:80]!r} is no id: give a URI of at most 512 characters.")
    return str(value)


def is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MOST_ID and _URI.fullmatch(value) is not None
