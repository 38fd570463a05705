"""Taking a schema apart into pieces that can be compared one by one."""

from __future__ import annotations

from typing import Any, Final

from services.broker.registry.subset import ANNOTATIONS

Schema = dict[str, Any] | bool

ALL_TYPES: Final = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))


def plain(schema: Schema) -> Schema:
    """Without what only people read."""
    if isinstance(schema, bool):
        return schema
    return {k: v for k, v in schema.items() if k not in ANNOTATIONS and k != "$defs"}


def conjuncts(schema: Schema, definitions: dict[str, Schema]) -> list[Schema]:
    """Schemas that a value must meet all of, to meet this one; none of them refers further."""
    if isinstance(schema, bool):
        return [schema]
    found: list[Schema] = []
    if "$ref" in schema:
        found += conjuncts(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    for part in schema.get("allOf", ()):
        found += conjuncts(part, definitions)
    rest = plain({k: v for k, v in schema.items() if k not in ("$ref", "allOf")})
    return [*found, rest] if rest or not found else found


def types_of(schema: dict[str, Any]) -> set[str]:
    """The JSON types that a schema lets in, as far as ``type`` says so."""
    named = schema.get("type", ALL_TYPES)
    return {named} if isinstance(named, str) else set(named)


def split(schema: dict[str, Any], *, by_type: bool) -> list[Schema] | None:
    """Cases that together are all that a schema accepts; None when there is one only.

    Args:
        by_type: one case for each of its JSON types too.
    """
    for name in ("anyOf", "oneOf"):
        if name in schema:
            rest = {k: v for k, v in schema.items() if k != name}
            return [_both(rest, case) for case in schema[name]]
    named = schema.get("type")
    if by_type and isinstance(named, list) and len(named) > 1:
        return [{**schema, "type": one} for one in named]
    return None


def _both(rest: dict[str, Any], case: Schema) -> Schema:
    if not rest:
        return case
    if isinstance(case, dict) and not rest.keys() & case.keys():
        return {**rest, **case}
    return {"allOf": [rest, case]}
