from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.administration.procedures import check_fields, parse
from connectors.administration.sample import procedures
from connectors.base import utc_now
from schemas.problem import Problem, Unprocessable


def sample() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(procedures(utc_now()))
    return found


def refused(catalogue: dict[str, Any]) -> list[str]:
    with pytest.raises(Unprocessable) as refusal:
        parse(json.dumps(catalogue).encode())
    return [fault.where for fault in refusal.value.faults]


def test_the_sample_city_s_procedures_are_bilingual() -> None:
    found = parse(procedures(utc_now()))
    assert {"moving-in", "residence-certificate", "child-allowance"} <= set(found)
    assert found["moving-in"].name == "転入届"
    assert found["moving-in"].name_en == "Moving in"


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"type": "object", "properties": {"a": {"type": "text"}}}, "/properties/a/type"),
        ({"type": "array"}, "/type"),
        ({"type": "object", "properties": {"a": {"$ref": "https://elsewhere.example/"}}}, ""),
        ({"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+$"}}}, ""),
    ],
)
def test_a_schema_that_is_wrong_or_dangerous_is_refused(schema: Any, where: str) -> None:
    catalogue = sample()
    catalogue["procedures"][1]["fields"] = schema
    assert f"/procedures/1/fields{where}" in refused(catalogue)


def test_two_procedures_of_one_id_are_refused() -> None:
    catalogue = sample()
    catalogue["procedures"].append(catalogue["procedures"][0])
    assert refused(catalogue) == [f"/procedures/{len(catalogue['procedures']) - 1}/id"]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_catalogue_or_a_problem(raw: bytes) -> None:
    try:
        parse(raw)
    except Problem as problem:
        assert problem.status == 422


def test_fields_are_checked_without_repeating_what_a_resident_wrote() -> None:
    procedure = parse(procedures(utc_now()))["bulky-waste"]
    check_fields(procedure, {"items": ["机"], "preferredDate": "2026-12-01"})
    with pytest.raises(Unprocessable) as refusal:
        check_fields(procedure, {"items": ["SECRET" * 20], "preferredDate": "SECRET"})
    assert {f.where for f in refusal.value.faults} == {"/fields/items/0", "/fields/preferredDate"}
    assert "SECRET" not in json.dumps(refusal.value.as_json())
