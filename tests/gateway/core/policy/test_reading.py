"""A long document is read in steps, and means what it means in one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.policy.reading import document
from gateway.core.slices import at_once

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=30,
)
SPACE = st.sampled_from(("", " ", "\n\t", "\r\n "))


@given(VALUES, st.sampled_from((None, 1, "\t")), SPACE)
def test_reads_what_json_reads(value: Any, indent: Any, space: str) -> None:
    text = space + json.dumps(value, indent=indent, ensure_ascii=False) + space
    assert at_once(document(text.encode())) == value


@pytest.mark.parametrize(
    "text",
    ["", "{", "[", "[1", "[1,", "[1,]", '{"a"', '{"a":', '{"a":1', '{"a":1,}', '{"a" 1}', "{1:2}",
     "[1 2]", "{} {}", "[],", '{"a":{"b":{"c":}}}', '"\\ud800', "nul", "{,}", "[,]"],
)  # fmt: skip
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        at_once(document(text.encode()))


def test_what_is_no_utf8_is_refused() -> None:
    with pytest.raises(ValueError):
        at_once(document(b'{"a":"\xff"}'))


def test_stops_at_every_member_near_the_top() -> None:
    text = json.dumps({"revoked": {"tokens": {str(n): n for n in range(50)}}, "routes": [1] * 30})
    assert sum(1 for _ in document(text.encode())) >= 80
