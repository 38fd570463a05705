"""JSON Schemas as people read them: tables of members, in which other schemas are named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gateway.control.policy.document import Json
from gateway.control.portal.documents import resolved, text

_COMPONENT: Final = "#/components/schemas/"
MOST_SCHEMAS: Final = 40
_MOST_MEMBERS: Final = 200
_DEEPEST: Final = 4
_LIMITS: Final = {
    "minimum": "≥ {}", "maximum": "≤ {}", "exclusiveMinimum": "> {}", "exclusiveMaximum": "< {}",
    "minLength": "≥ {} chars", "maxLength": "≤ {} chars", "minItems": "≥ {} items",
    "maxItems": "≤ {} items", "pattern": "/{}/", "format": "{}", "const": "= {}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """What a value may be.

    Attributes:
        words: such as ``array of``; parts of the sentence, in order, with names of components
            where ``links`` is true.
    """

    words: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One member.

    Attributes:
        name: with dots between those of members of members.
        limits: such as ``≥ 1``.
        choices: all that it may be; empty for anything of its type.
    """

    name: str
    type: Type
    required: bool
    description: str
    limits: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """One schema."""

    name: str
    type: Type
    description: str
    rows: tuple[Row, ...]
    choices: tuple[str, ...] = ()


def shown(document: Json, name: str, schema: Any) -> Shown:
    """A schema as a table.

    Args:
        name: of the component; empty for one that stands where it is used.
    """
    found = resolved(document, schema) if name else _object(schema)
    return Shown(
        name,
        type_of(found),
        text(found.get("description")),
        tuple(_rows(found, "", 1))[:_MOST_MEMBERS],
        _choices(found),
    )


def reached(document: Json, *schemas: Any) -> list[Shown]:
    """Every named schema that these lead to, in the order in which one comes to them."""
    names: dict[str, None] = {}
    waiting = [*schemas]
    while waiting and len(names) < MOST_SCHEMAS:
        for name in _names(waiting.pop(0)):
            if name not in names and len(names) < MOST_SCHEMAS:
                names[name] = None
                waiting.append(resolved(document, {"$ref": _COMPONENT + name}))
    return [shown(document, name, {"$ref": _COMPONENT + name}) for name in names]


def type_of(schema: Any) -> Type:
    return Type(tuple(_words(_object(schema), 0)))


def _object(schema: Any) -> Json:
    return schema if isinstance(schema, dict) else {}


def _rows(schema: Json, before: str, depth: int) -> Iterator[Row]:
    for part in _list(schema.get("allOf")):
        if isinstance(part, dict) and "$ref" not in part:
            yield from _rows(part, before, depth)
    required = _list(schema.get("required"))
    members = schema.get("properties")
    for name, member in members.items() if isinstance(members, dict) else ():
        found = _object(member)
        yield Row(
            before + name,
            type_of(found),
            name in required,
            text(found.get("description")),
            tuple(sample.format(found[key]) for key, sample in _LIMITS.items() if key in found),
            _choices(found),
        )
        inner = found.get("items") if found.get("type") == "array" else found
        if depth < _DEEPEST and isinstance(inner, dict):
            yield from _rows(inner, f"{before}{name}{'[]' * (inner is not found)}.", depth + 1)


def _words(schema: Json, depth: int) -> Iterator[tuple[str, bool]]:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield (reference.removeprefix(_COMPONENT), reference.startswith(_COMPONENT))
        return
    alternatives = _list(schema.get("anyOf")) or _list(schema.get("oneOf"))
    if alternatives and depth < _DEEPEST:
        for number, one in enumerate(alternatives[:10]):
            if number:
                yield (" | ", False)
            yield from _words(_object(one), depth + 1)
        return
    parts = [one for one in _list(schema.get("allOf")) if isinstance(one, dict) and "$ref" in one]
    if parts:
        yield from _words(parts[0], depth + 1)
        return
    kinds = schema.get("type")
    kind = " | ".join(map(str, kinds)) if isinstance(kinds, list) else str(kinds or "any")
    if kind == "array" and depth < _DEEPEST:
        yield ("array of ", False)
        yield from _words(_object(schema.get("items")), depth + 1)
        return
    yield (kind[:100], False)


def _names(node: Any) -> Iterator[str]:
    """Names of the components that stand in a schema."""
    waiting = [node]
    for _ in range(10_000):
        if not waiting:
            return
        one = waiting.pop(0)
        if isinstance(one, dict):
            reference = one.get("$ref")
            if isinstance(reference, str) and reference.startswith(_COMPONENT):
                yield reference.removeprefix(_COMPONENT)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _choices(schema: Json) -> tuple[str, ...]:
    return tuple(str(one)[:100] for one in _list(schema.get("enum"))[:50])


def _list(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []
