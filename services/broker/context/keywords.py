"""JSON-LD's keywords in a body: ``@id`` and ``@type`` for ``id`` and ``type`` (GS CIM 009 §4.4)."""

from __future__ import annotations

from typing import Any, Final

from services.broker.context.attributes import VALUE_OF
from services.broker.context.errors import BadRequestData

_PLAIN: Final = {"@id": "id", "@type": "type"}
_OPAQUE: Final = ("json", "@context")
_MOST_DEPTH: Final = 100


def with_plain_keywords(body: Any) -> Any:
    """The body with ``id`` and ``type`` where it said ``@id`` and ``@type``.

    Entities and attributes are changed; what stands in the value of an attribute is not.
    """
    if isinstance(body, list):
        return [with_plain_keywords(item) for item in body]
    if not isinstance(body, dict):
        return body
    return {
        _PLAIN.get(name, name): member if name in _OPAQUE else _attribute(member)
        for name, member in body.items()
    }


def _attribute(member: Any) -> Any:
    """An attribute, or several instances of one; anything else as it is."""
    if isinstance(member, list):
        return [_attribute(item) for item in member]
    if not isinstance(member, dict):
        return member
    kind = member.get("@type", member.get("type"))
    held = VALUE_OF.get(kind) if isinstance(kind, str) else None
    if held is None:
        return member
    return {
        _PLAIN.get(name, name): value if name == held else _attribute(value)
        for name, value in member.items()
    }


def check_nothing_nested(body: Any) -> None:
    """That there is no ``@context`` but at the top (§5.5.7).

    Raises:
        BadRequestData: there is one inside.
    """
    items = body if isinstance(body, list) else [body]
    for item in items:
        for name, member in item.items() if isinstance(item, dict) else ():
            if name != "@context" and _has_context(member, _MOST_DEPTH):
                raise BadRequestData(f"{name[:80]!r} has an @context inside; give one at the top.")


def _has_context(value: Any, depth: int) -> bool:
    if not depth:
        raise BadRequestData(f"The body is nested more than {_MOST_DEPTH} deep.")
    if isinstance(value, list):
        return any(_has_context(item, depth - 1) for item in value if isinstance(item, dict | list))
    if not isinstance(value, dict):
        return False
    return "@context" in value or any(
        _has_context(member, depth - 1)
        for name, member in value.items()
        if isinstance(member, dict | list) and name != "json"
    )
