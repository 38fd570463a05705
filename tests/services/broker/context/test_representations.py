"""What is read is what was written, in every representation, whatever it is."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.broker.context.attributes import Nulls
from services.broker.context.errors import NgsiProblem
from services.broker.context.kinds import NULL
from services.broker.context.model import ContextEntity, parse_entity, parse_fragment
from services.broker.context.mutations import appended, created, merged, replaced, updated
from services.broker.context.represent import represent
from services.broker.context.view import FORMS, Form, View

SOME = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
NOW = "2026-04-01T00:00:00.000Z"
ID = "urn:ngsi-ld:Vehicle:1"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
names = st.sampled_from(["a", "b", "speed", "value_", "名前"])
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    numbers | st.booleans() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "type", "value", "object", "json", "@id"]), inner)
    ),
    max_leaves=4,
)
uris = st.sampled_from(["urn:a:1", "urn:a:2", "https://example.org/x?y=1#z"])
points = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(
    lambda at: {"type": "Point", "coordinates": list(at)}
)


def _kinds(below: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    more = st.dictionaries(names, below, max_size=2).flatmap(
        lambda members: st.fixed_dictionaries(
            {}, optional={"observedAt": st.just("2026-01-01T00:00:00Z")}
        ).map(lambda times: {**members, **times})
    )
    held = st.one_of(
        st.builds(lambda v: {"type": "Property", "value": v}, json_values),
        st.builds(lambda v: {"type": "GeoProperty", "value": v}, points),
        st.builds(lambda v: {"type": "Relationship", "object": v}, uris),
        st.builds(lambda v: {"type": "LanguageProperty", "languageMap": {"ja": v}}, texts),
        st.builds(lambda v: {"type": "VocabProperty", "vocab": v}, names),
        st.builds(lambda v: {"type": "JsonProperty", "json": v}, json_values),
        st.builds(lambda v: {"type": "ListProperty", "valueList": v}, st.lists(json_values)),
        st.builds(
            lambda v: {"type": "ListRelationship", "objectList": [{"object": uri} for uri in v]},
            st.lists(uris, min_size=1),
        ),
    )
    return st.tuples(held, more).map(lambda pair: {**pair[0], **pair[1]})


attributes = st.recursive(_kinds(st.nothing()), _kinds, max_leaves=4)


def _several(instances: list[dict[str, Any]]) -> Any:
    named = [{**i, "datasetId": f"urn:d:{n}"} if n else i for n, i in enumerate(instances)]
    return named if len(named) > 1 else named[0]


entities = st.dictionaries(
    names, st.lists(attributes, min_size=1, max_size=3).map(_several), max_size=3
).map(lambda members: {"id": ID, "type": "Vehicle", **members})


@SOME
@given(entities, st.sampled_from(["normalized", "concise"]))
def test_nothing_is_lost(entity: dict[str, Any], form: Form) -> None:
    """§4.5.2.1, §4.5.3.1: both are lossless."""
    stored = created(parse_entity(entity), NOW)
    assert represent(stored) == entity
    shown = orjson.loads(orjson.dumps(represent(stored, View(form=form))))
    assert represent(created(parse_entity(shown), NOW)) == entity


@SOME
@given(entities)
def test_saying_the_same_again_changes_nothing(entity: dict[str, Any]) -> None:
    stored = created(parse_entity(entity), NOW)
    later = "2026-04-02T00:00:00.000Z"
    assert replaced(stored, parse_fragment(entity), later) is stored
    assert merged(stored, parse_fragment(entity, nulls="deep"), later) is stored


@SOME
@given(entities, entities)
def test_merging_is_idempotent(old: dict[str, Any], new: dict[str, Any]) -> None:
    fragment = parse_fragment(new, nulls="deep")
    once = merged(created(parse_entity(old), NOW), fragment, NOW)
    assert merged(once, fragment, NOW) is once


anything = st.dictionaries(
    names | st.sampled_from(["scope", "expiresAt", "type"]),
    json_values | attributes | st.none() | st.just(NULL) | _kinds(st.just(NULL)),
    max_size=3,
)


def _shown_in_every_way(entity: ContextEntity) -> None:
    for form in FORMS.values():
        represent(entity, View(form=form))


@SOME
@given(anything)
def test_anything_is_read_or_refused(members: dict[str, Any]) -> None:
    """§5.5.4: never anything else."""
    body = {"id": ID, "type": "Vehicle", **members}
    for simplified in (False, True):
        with suppress(NgsiProblem):
            _shown_in_every_way(created(parse_entity(body, simplified=simplified), NOW))


@SOME
@given(entities, anything)
def test_any_change_is_made_or_refused(entity: dict[str, Any], members: dict[str, Any]) -> None:
    """§5.5.8, §5.5.12: and what comes of it says "remove this" no more."""
    old = created(parse_entity(entity), NOW)
    changes: list[tuple[Any, Nulls]] = [
        (merged, "deep"),
        (updated, "members"),
        (appended, "refused"),
    ]
    for change, nulls in changes:
        with suppress(NgsiProblem):
            new = change(old, parse_fragment(members, nulls=nulls), NOW)
            _shown_in_every_way(new)
            assert NULL not in str(new.attributes)
