from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.medical.fhirjson import DEPTH, dumps, loads
from schemas.problem import Problem, Unprocessable

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | NUMBERS.map(Decimal) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize("digits", ["1.00", "1.0", "185", "0.10", "-0.000", "12345678901234567890"])
def test_a_number_keeps_its_digits(digits: str) -> None:
    assert dumps(loads(f'{{"value":{digits}}}'.encode())) == f'{{"value":{digits}}}'.encode()


@given(JSON)
def test_any_json_comes_out_as_it_went_in(value: Any) -> None:
    raw = dumps(value)
    assert dumps(loads(raw)) == raw


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_problem(raw: bytes) -> None:
    try:
        dumps(loads(raw))
    except Problem as problem:
        assert problem.status == 422


@pytest.mark.parametrize(
    "raw", [b"", b'{"a":', b'{"a": NaN}', b'{"a": "\xff"}', b'{"a": "\\ud800"}', b"[" * 5000]
)
def test_what_is_not_json_is_refused_with_its_place(raw: bytes) -> None:
    with pytest.raises(Unprocessable) as refused:
        loads(raw)
    assert refused.value.faults[0].where.startswith("line ")


def test_a_property_given_twice_is_refused() -> None:
    with pytest.raises(Unprocessable) as refused:
        loads(b'{"status": "final", "status": "cancelled"}')
    assert refused.value.faults[0].where == "status"


def test_deep_nesting_is_refused() -> None:
    loads(json.dumps(_nested(DEPTH)).encode())
    with pytest.raises(Unprocessable, match="levels deep"):
        loads(json.dumps(_nested(DEPTH + 1)).encode())


def _nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value
