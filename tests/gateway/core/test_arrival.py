"""What is wrong with a head is found in the order of its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import bounds
from gateway.core.arrival import fault

_pieces = st.sampled_from(
    [b"GET / HTTP/1.1", b"\r\n", b"\n", b"\r", b"A: b", b"a" * 9_000, b"b" * 30_000]
)


@given(st.lists(_pieces, max_size=12), st.data())
def test_what_is_found_early_is_what_is_found_at_last(
    pieces: list[bytes], data: st.DataObject
) -> None:
    head = b"".join(pieces).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    early = fault(head[: data.draw(st.integers(0, len(head)))])
    if early is not None:
        assert fault(head) is early


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\nHost: a", 400),
        (b"\n", 400),
        (b"a" * (bounds.LINE_BYTES + 2), 414),
        (b"a" * bounds.LINE_BYTES + b"\n" + b"a" * bounds.HEAD_BYTES, 400),
        (b"a" * (bounds.LINE_BYTES + 1) + b"\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"a" * bounds.HEAD_BYTES, 431),
    ],
)
def test_what_is_wrong_already(head: bytes, status: int) -> None:
    found = fault(head)
    assert found is not None
    assert found.status == status


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r", b"a" * (bounds.LINE_BYTES + 1)])
def test_what_may_still_become_a_head(head: bytes) -> None:
    assert fault(head) is None
