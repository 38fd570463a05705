from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.medical.bundle import read
from connectors.medical.resources import PATIENT_OF
from schemas.problem import Problem, Unprocessable
from tests.connectors.medical.examples import bundle, observation, patient
from tests.foreign import foreign


def faults(raw: bytes) -> dict[str, str]:
    with pytest.raises(Unprocessable) as refused:
        read(raw, PATIENT_OF)
    return {fault.where: fault.what for fault in refused.value.faults}


@pytest.mark.parametrize("name", ["patient-example", "observation-example"])
def test_foreign_resources_are_valid(name: str) -> None:
    raw = foreign(f"medical/{name}.json").read_bytes()
    (sent,) = read(raw, PATIENT_OF).sent
    assert sent.resource == json.loads(raw)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"status": "finished"}, "/status"),
        ({"status": None}, "/status"),
        ({"code": None}, "/code"),
        ({"id": None}, "/id"),
        ({"id": "x" * 65}, "/id"),
        ({"id": "a b"}, "/id"),
        ({"colour": "red"}, "/colour"),
        ({"effectiveDateTime": "2026-13-01"}, "/effectiveDateTime"),
        ({"valueQuantity": {"value": "much"}}, "/valueQuantity/value"),
        ({"valueQuantity": {"value": "185"}}, "/valueQuantity/value"),
        ({"valueBoolean": "true"}, "/valueBoolean"),
        ({"valueInteger": "1"}, "/valueInteger"),
        ({"category": {"text": "not a list"}}, "/category"),
        ({"performer": [{"reference": "#nobody"}]}, "/performer/0/reference"),
        ({"resourceType": "Claim"}, "/resourceType"),
    ],
)
def test_what_is_wrong_in_a_resource_is_named(change: dict[str, Any], where: str) -> None:
    changed = {k: v for k, v in {**observation(), **change}.items() if v is not None}
    assert where in faults(json.dumps(changed).encode())


def test_several_values_for_one_choice_are_refused() -> None:
    both = observation(valueString="heavy", valueQuantity={"value": 1})
    (what,) = faults(json.dumps(both).encode()).values()
    assert "valueString" in what


def test_faults_in_a_bundle_are_located_in_it() -> None:
    raw = bundle(patient(), observation(status="nope"), observation("o2", colour="red"))
    assert set(faults(raw)) == {"/entry/1/resource/status", "/entry/2/resource/colour"}


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"resourceType": "Bundle", "type": "document"}, "/type"),
        ({"resourceType": "Bundle", "type": "batch", "entry": {}}, "/entry"),
        ({"resourceType": "Bundle", "type": "batch", "entry": [{}]}, "/entry/0/resource"),
        (
            {
                "resourceType": "Bundle",
                "type": "transaction",
                "entry": [{"resource": patient(), "request": {"method": "DELETE"}}],
            },
            "/entry/0/request/method",
        ),
        ([], "/"),
        ({}, "/resourceType"),
    ],
)
def test_bundles_that_are_not_done_here_are_refused(document: Any, where: str) -> None:
    assert where in faults(json.dumps(document).encode())


def test_the_same_resource_twice_in_a_bundle_is_refused() -> None:
    assert "/entry/1/resource" in faults(bundle(patient(), patient()))


@given(data=st.data())
def test_any_mutation_is_a_document_or_a_problem(data: st.DataObject) -> None:
    raw = bytearray(bundle(patient(), observation(valueQuantity={"value": 1.5})))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(raw), PATIENT_OF)
    except Problem as problem:
        assert problem.status == 422


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, -1, 1e300, "", "x", [], {}, [None], [[]], {"reference": 5}, True]
)


@given(element=st.sampled_from([*observation(), "value", "contained", "component"]), junk=JUNK)
def test_any_element_of_any_shape_is_a_document_or_a_problem(element: str, junk: Any) -> None:
    raw = json.dumps({**observation(), element: junk}).encode()
    try:
        read(raw, PATIENT_OF)
    except Problem as problem:
        assert problem.status == 422


def test_a_bundle_of_too_many_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.medical.bundle.ENTRIES", 1)
    assert len(read(bundle(patient()), PATIENT_OF).sent) == 1
    assert "/entry" in faults(bundle(patient("a"), patient("b")))
