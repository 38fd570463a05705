"""What a registered schema may say: the part of JSON Schema 2020-12 whose meaning can be compared.

Two versions are compatible when every value that one accepts is accepted by the other. For whole
JSON Schema that cannot be decided; for what is allowed here it can (:mod:`.covers`). What is left
out besides would let one client's schema take the broker's time: references in circles, patterns
that backtrack, ``uniqueItems``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from schemas.problem import Fault
from services.broker.registry.pattern import check_pattern

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

ANNOTATIONS: Final = frozenset(
    (
        *("$schema", "$comment", "title", "description", "default", "examples"),
        *("deprecated", "readOnly", "writeOnly"),
    )
)
"""Say something to people; change nothing of what is accepted."""

_ASSERTIONS: Final = frozenset(
    (
        *("type", "enum", "const", "pattern", "format", "required", "multipleOf"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
        *("minItems", "maxItems", "minProperties", "maxProperties"),
    )
)
_ONE: Final = ("items", "additionalProperties")
_LISTS: Final = ("anyOf", "oneOf", "allOf")
_MAPS: Final = ("properties", "$defs")
_KNOWN: Final = ANNOTATIONS | _ASSERTIONS | {*_ONE, *_LISTS, *_MAPS, "$ref"}
_REFERENCE: Final = "#/$defs/"

MOST_BYTES: Final = 32_768
MOST_DEPTH: Final = 32
MOST_NODES: Final = 2000
"""Subschemas, each counted as often as it is referred to."""

MOST_FAULTS: Final = 20


def check_schema(schema: dict[str, Any]) -> list[Fault]:
    """Everything for which a schema cannot be registered, by JSON Pointer into it."""
    if len(orjson.dumps(schema)) > MOST_BYTES:
        return [Fault("", f"a schema has at most {MOST_BYTES} bytes")]
    if schema.get("$schema", DIALECT) != DIALECT:
        return [Fault("/$schema", f"the dialect spoken here is {DIALECT}")]
    faults = [*_keyword_faults(schema, "", 0)][:MOST_FAULTS] or [*_dialect_faults(schema)]
    if faults:
        return faults
    if schema.get("type") != "object":
        return [Fault("/type", "the data of an event is an object", 'say "type": "object"')]
    return _size_faults(schema)


def _keyword_faults(node: Any, at: str, depth: int) -> Iterator[Fault]:
    if isinstance(node, bool):
        return
    if not isinstance(node, dict) or depth > MOST_DEPTH:
        yield Fault(at, f"a schema is an object or a Boolean, at most {MOST_DEPTH} levels deep")
        return
    for name in node.keys() - _KNOWN:
        what = "whether two versions agree in it cannot be decided, so it is not spoken here"
        yield Fault(f"{at}/{escape(str(name))}", f"{str(name)[:50]}: {what}", _spoken())
    if (text := node.get("pattern")) is not None and (reason := check_pattern(text)):
        yield Fault(f"{at}/pattern", reason)
    for child_at, child in children(node):
        yield from _keyword_faults(child, at + child_at, depth + 1)


def _spoken() -> str:
    return f"spoken are {', '.join(sorted(_KNOWN - ANNOTATIONS))}"


def children(node: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The subschemas directly in ``node``, each with its pointer from there."""
    for name in _ONE:
        if name in node:
            yield f"/{name}", node[name]
    for name in _LISTS:
        if isinstance(parts := node.get(name), list):
            yield from ((f"/{name}/{number}", part) for number, part in enumerate(parts))
    for name in _MAPS:
        if isinstance(parts := node.get(name), dict):
            yield from ((f"/{name}/{escape(str(key))}", part) for key, part in parts.items())


def _dialect_faults(schema: dict[str, Any]) -> Iterator[Fault]:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield Fault("".join(f"/{escape(str(p))}" for p in error.absolute_path), error.message[:300])


def _size_faults(schema: dict[str, Any]) -> list[Fault]:
    try:
        nodes = _Size(schema).of(schema, "")
    except _Wrong as wrong:
        return [wrong.fault]
    if nodes > MOST_NODES:
        return [Fault("", f"a schema has at most {MOST_NODES} subschemas; this comes to {nodes}")]
    return []


class _Wrong(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


class _Size:
    """Counts subschemas with every reference followed; none may lead back to where it came from."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._definitions = schema.get("$defs", {})
        self._known: dict[str, int] = {}
        self._inside: set[str] = set()

    def of(self, node: Any, at: str) -> int:
        if isinstance(node, bool):
            return 1
        parts = (self.of(child, at + where) for where, child in children(node))
        total = 1 + sum(parts)
        if "$ref" in node:
            total += self._referred(node["$ref"], f"{at}/$ref")
        return total

    def _referred(self, reference: str, at: str) -> int:
        name = reference.removeprefix(_REFERENCE)
        if not reference.startswith(_REFERENCE) or name not in self._definitions:
            raise _Wrong(Fault(at, f"{reference[:100]} is none of #/$defs/…"))
        if name in self._inside:
            raise _Wrong(Fault(at, "a schema must not lead back into itself"))
        if name not in self._known:
            self._inside.add(name)
            self._known[name] = self.of(self._definitions[name], f"/$defs/{escape(name)}")
            self._inside.discard(name)
        return self._known[name]


def escape(part: str) -> str:
    """One reference token of a JSON Pointer (RFC 6901 §3)."""
    return part.replace("~", "~0").replace("/", "~1")
