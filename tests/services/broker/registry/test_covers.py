from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.broker.registry.covers import covers
from services.broker.registry.pattern import Validator
from services.broker.registry.subset import check_schema

TEXT = {"type": "string"}


def thing(required: tuple[str, ...] = (), more: Any = False, **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": list(required),
        "additionalProperties": more,
    }


SAME_OR_WIDER = [
    (thing(a=TEXT), thing(a=TEXT)),
    (thing(a=TEXT, b=TEXT), thing(a=TEXT)),
    (thing(a=TEXT), thing(("a",), a=TEXT)),
    (thing(a={"type": "number"}), thing(a={"type": "integer"})),
    (thing(a={"type": ["string", "null"]}), thing(a=TEXT)),
    (thing(a={"anyOf": [TEXT, {"type": "null"}]}), thing(a={"type": ["string", "null"]})),
    (thing(a={"anyOf": [TEXT, {"type": "integer"}]}), thing(a={"oneOf": [TEXT]})),
    (thing(a={"minimum": 0}), thing(a={"type": "integer", "exclusiveMinimum": 0})),
    (thing(a={"multipleOf": 5}), thing(a={"type": "integer", "multipleOf": 10})),
    (thing(a={"multipleOf": 0.1}), thing(a={"type": "integer"})),
    (thing(a=TEXT), thing(a={"enum": ["x", "y"]})),
    (thing(a={"enum": ["x", "y", "z"]}), thing(a={"const": "x"})),
    (thing(a={"type": "string", "maxLength": 9}), thing(a={"type": "string", "maxLength": 8})),
    (thing(more=True), thing(a=TEXT)),
    (thing(more=TEXT), thing(a=TEXT)),
    (
        thing(a={"type": "array", "items": TEXT}),
        thing(a={"type": "array", "items": {**TEXT, "title": "x"}, "maxItems": 3}),
    ),
    (
        thing(a={"$ref": "#/$defs/x"}) | {"$defs": {"x": TEXT}},
        thing(a={"$ref": "#/$defs/y", "description": "d"}) | {"$defs": {"y": {"enum": ["z"]}}},
    ),
    (thing(a={"allOf": [TEXT, {"maxLength": 9}]}), thing(a={**TEXT, "maxLength": 9})),
]

NARROWER = [
    (thing(a=TEXT), thing(a={"type": "integer"}), "/properties/a/type"),
    (thing(a={"type": "integer"}), thing(a={"type": "number"}), "/properties/a/type"),
    (thing(("a",), a=TEXT), thing(a=TEXT), "/required"),
    (thing(), thing(a=TEXT), "/properties/a"),
    (thing(a=TEXT), thing(a=TEXT, more=True), "/additionalProperties"),
    (thing(a=TEXT, more=True), thing(more=True), "/properties/a/type"),
    (thing(a={"enum": ["x"]}), thing(a=TEXT), "/properties/a"),
    (thing(a={"enum": ["x"]}), thing(a={"enum": ["x", "y"]}), "/properties/a"),
    (thing(a={"maximum": 5}), thing(a={"maximum": 6}), "/properties/a"),
    (thing(a={"exclusiveMaximum": 5}), thing(a={"maximum": 5}), "/properties/a"),
    (thing(a={"multipleOf": 2}), thing(a={"type": "integer"}), "/properties/a"),
    (thing(a={**TEXT, "pattern": "^x"}), thing(a=TEXT), "/properties/a/pattern"),
    (thing(a={**TEXT, "minLength": 1}), thing(a=TEXT), "/properties/a/minLength"),
    (thing(a={"const": 1}), thing(a={"const": True}), "/properties/a"),
    (
        thing(a={"type": "array", "items": TEXT}),
        thing(a={"type": "array"}),
        "/properties/a/items/type",
    ),
]


@pytest.mark.parametrize(("wide", "narrow"), SAME_OR_WIDER)
def test_what_is_as_wide_covers(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    assert covers(wide, narrow) == []


@pytest.mark.parametrize(("wide", "narrow", "where"), NARROWER)
def test_what_is_narrower_says_where(
    wide: dict[str, Any], narrow: dict[str, Any], where: str
) -> None:
    assert where in {gap.where for gap in covers(wide, narrow)}


def test_what_cannot_be_decided_counts_as_different() -> None:
    (gap,) = covers(thing(a={"oneOf": [TEXT, {"maxLength": 3}]}), thing(a={"const": "x"}))
    assert "cannot be compared" in gap.what


def test_a_tolerant_reader_passes_over_new_members() -> None:
    assert covers(thing(), thing(a=TEXT), tolerant=True) == []
    assert covers(thing(("a",), a=TEXT), thing(b=TEXT), tolerant=True)


def test_a_comparison_is_bounded() -> None:
    tower: dict[str, Any] = {"type": "integer"}
    other: dict[str, Any] = {"type": "string"}
    for _ in range(7):
        tower = {"anyOf": [{"type": "array", "items": tower}, {"type": "array", "items": tower}]}
        other = {"anyOf": [{"type": "array", "items": other}, {"type": "array", "items": other}]}
    assert check_schema(thing(a=tower)) == []
    assert "too large" in covers(thing(a=tower), thing(a=other))[0].what


# -------------------------------------------------- against values, whatever the schemas are

scalars = st.sampled_from([None, True, False, 0, 1, 2, 3, 1.5, -1, "", "x", "xyz"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)
kinds = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
small = st.integers(0, 3)


def _object(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": kinds | st.lists(kinds, min_size=1, max_size=2, unique=True),
            "enum": st.lists(scalars, min_size=1, max_size=3),
            "const": scalars,
            "minimum": small,
            "exclusiveMaximum": small,
            "multipleOf": st.sampled_from([1, 2, 0.5]),
            "minLength": small,
            "maxLength": small,
            "pattern": st.sampled_from(["x", "^$"]),
            "items": inner,
            "minItems": small,
            "maxItems": small,
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "required": st.lists(st.sampled_from("ab"), max_size=2, unique=True),
            "additionalProperties": inner,
            "maxProperties": small,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
        },
    )


subschemas = st.recursive(st.booleans() | _object(st.just(True)), _object, max_leaves=3)


@settings(max_examples=400, deadline=None)
@given(subschemas, subschemas, st.lists(values, min_size=1, max_size=8))
def test_a_yes_is_never_wrong(wide: Any, narrow: Any, found: list[Any]) -> None:
    """Of the values that the narrower one accepts, the wider refuses none."""
    a, b = thing(x=wide), thing(x=narrow)
    if covers(a, b):
        return
    for value in found:
        item = {"x": value}
        if Validator(b).is_valid(item):
            assert Validator(a).is_valid(item), (wide, narrow, value)


@settings(max_examples=100, deadline=None)
@given(subschemas.filter(lambda schema: "oneOf" not in str(schema)))
def test_a_schema_covers_itself_with_other_words(schema: Any) -> None:
    worded = {**schema, "title": "x"} if isinstance(schema, dict) else schema
    assert covers(thing(x=schema), thing(x=worded)) == [] or "anyOf" in str(schema)
