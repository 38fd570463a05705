"""An entity as the broker holds it, and how it comes in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from services.broker.context.attributes import Attributes, parse_attribute
from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import CORE, Context
from services.broker.events.check import escape
from services.broker.events.visibility import is_restricted

_URI: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s\x00-\x1f\x7f<>\"'(){}|\\^`]+")
_MOST_ID: Final = 512
_MOST_TYPES: Final = 20
_MOST_ATTRIBUTES: Final = 1000
_NO_ATTRIBUTES: Final = frozenset(("id", "type", "@context", "createdAt", "modifiedAt"))


@dataclass(frozen=True, slots=True)
class ContextEntity:
    """One entity.

    Attributes:
        types: expanded.
        attributes: expanded name → instances, see :mod:`~services.broker.context.attributes`.
        created, modified: RFC 3339; empty before it is stored.
        scope: §4.18.
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
    """Part of an entity: types and attributes to add or to change."""

    types: tuple[str, ...]
    attributes: Attributes
    context: Context


def parse_entity(body: Any, context: Context = CORE) -> ContextEntity:
    """The entity in a JSON value.

    Args:
        context: what its names mean; the body's own ``@context`` is already in it.

    Raises:
        BadRequestData: no entity: the id is no URI, the type is missing, an attribute is none.
    """
    if not isinstance(body, dict):
        raise BadRequestData("An entity is a JSON object.")
    fragment = parse_fragment(body, context)
    if not fragment.types:
        raise BadRequestData("An entity has a type.")
    return ContextEntity(check_id(body.get("id")), fragment.types, fragment.attributes)


def parse_fragment(body: Any, context: Context = CORE) -> Fragment:
    """The part of an entity in a JSON value; ``id`` is not looked at."""
    if not isinstance(body, dict):
        raise BadRequestData("An entity fragment is a JSON object.")
    if len(body) > _MOST_ATTRIBUTES:
        raise BadRequestData(f"An entity has at most {_MOST_ATTRIBUTES} attributes.")
    attributes = {
        context.expand(name): parse_attribute(value, context, f"/{escape(name)}")
        for name, value in body.items()
        if name not in _NO_ATTRIBUTES
    }
    return Fragment(_types(body.get("type"), context), attributes, context)


def _types(value: Any, context: Context) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value] if value is not None else []
    if len(names) > _MOST_TYPES or not all(isinstance(name, str) for name in names):
        raise BadRequestData("type is a name, or a list of names.")
    return tuple(dict.fromkeys(context.expand(name) for name in names))


def check_id(value: Any) -> str:
    """The id, when it is one (§4.5.1: a URI).

    Raises:
        BadRequestData: it is not.
    """
    if not isinstance(value, str) or len(value) > _MOST_ID or not _URI.fullmatch(value):
        raise BadRequestData(f"{str(value)[:80]!r} is no id: give a URI of at most 512 characters.")
    return value
