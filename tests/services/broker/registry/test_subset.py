from __future__ import annotations

from typing import Any

import pytest

from services.broker.registry.pattern import Validator, check_pattern
from services.broker.registry.subset import check_schema

GOOD: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/x"}, "b/c": {"type": "string", "pattern": "^x+$"}},
    "$defs": {"x": {"type": "array", "items": {"type": "integer"}}},
}


def test_a_schema_of_the_subset_is_taken() -> None:
    assert check_schema(GOOD) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"not": {}}, "/not"),
        ({"properties": {"a": {"if": {}}}}, "/properties/a/if"),
        ({"properties": {"a": {"uniqueItems": True}}}, "/properties/a/uniqueItems"),
        ({"properties": {"a": {"type": "text"}}}, "/properties/a/type"),
        ({"properties": {"a/b": 5}}, "/properties/a~1b"),
        ({"properties": []}, "/properties"),
        ({"type": "array"}, "/type"),
        ({"$ref": "#/$defs/none"}, "/$ref"),
        ({"$ref": "https://elsewhere.example/x"}, "/$ref"),
        ({"$defs": {"x": {"items": {"$ref": "#/$defs/x"}}}}, "/$defs/x/items/$ref"),
        ({"properties": {"a": {"pattern": "(?=x)"}}}, "/properties/a/pattern"),
        ({"properties": {"a": {"pattern": "("}}}, "/properties/a/pattern"),
        ({"description": "x" * 70_000}, ""),
    ],
)
def test_what_is_no_part_of_it_is_named_by_pointer(change: dict[str, Any], where: str) -> None:
    assert where in {fault.where for fault in check_schema({**GOOD, **change})}


def test_definitions_that_multiply_are_counted_as_what_they_come_to() -> None:
    layers: dict[str, Any] = {"l0": {"type": "string"}}
    for n in range(1, 12):
        two = {"$ref": f"#/$defs/l{n - 1}"}
        layers[f"l{n}"] = {"properties": {"a": two, "b": two}}
    (fault,) = check_schema({"type": "object", "$ref": "#/$defs/l11", "$defs": layers})
    assert "subschemas" in fault.what


def test_a_deep_schema_is_refused_and_not_followed() -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"items": deep}
    assert any("levels deep" in fault.what for fault in check_schema({"type": "object", **deep}))


def test_a_pattern_cannot_take_the_brokers_time() -> None:
    """Evil for an engine that backtracks: exponential in the length of the text."""
    assert check_pattern("^(a+)+$") == ""
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}}
    (error,) = Validator(schema).iter_errors({"a": "a" * 50_000 + "!"})
    assert list(error.absolute_path) == ["a"]
