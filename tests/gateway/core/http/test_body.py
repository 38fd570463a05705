"""Bodies end where RFC 9112 §6.3 says, however they are cut into packets."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.http.body import Body, Chunked, Malformed, Sized, chunk, last_chunk


def fed(body: Body, data: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    """Content and rest when ``data`` arrives in pieces."""
    content = rest = b""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for begin, end in itertools.pairwise(edges):
        if body.done:
            rest += data[begin:end]
            continue
        got, rest = body.feed(data[begin:end])
        content += got
    return content, rest


_cuts = st.lists(st.integers(0, 10_000), max_size=12)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=6), st.binary(max_size=20), _cuts)
def test_chunks_come_out_as_they_went_in(
    pieces: list[bytes], after: bytes, cuts: list[int]
) -> None:
    body = Chunked()
    wire = b"".join(map(chunk, pieces)) + last_chunk(b"x-sum: 1\r\n") + after
    assert fed(body, wire, cuts) == (b"".join(pieces), after)
    assert body.done
    assert body.trailers == b"x-sum: 1\r\n"


@given(st.binary(max_size=300), st.binary(max_size=20), _cuts)
def test_a_length_is_kept_to_the_byte(content: bytes, after: bytes, cuts: list[int]) -> None:
    body = Sized(len(content))
    assert fed(body, content + after, cuts) == (content, after)


BAD_CHUNKS = [
    b"\r\n", b"x\r\n", b"-1\r\n", b"0x5\r\nhello\r\n", b"5 \r\nhello\r\n", b" 5\r\nhello\r\n",
    b"5;\r\nhello\r\n", b"5\nhello\n0\n\n", b"5\r\nhelloXX0\r\n\r\n", b"5\r\nhello0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n", b"ffffffffffffffffff\r\n", b"5;a=\x00\r\nhello\r\n",
    b"5;" + b"a" * 300 + b"\r\nhello\r\n", b"0\r\nx y: 1\r\n\r\n", b"0\r\n folded\r\n\r\n",
    b"0\r\nx: " + b"a" * 9000 + b"\r\n\r\n", b"5;a\nb\r\nhello\r\n",
]  # fmt: skip


@pytest.mark.parametrize("wire", BAD_CHUNKS)
@pytest.mark.parametrize("step", [1, 1000])
def test_chunks_that_can_be_read_in_two_ways_are_refused(wire: bytes, step: int) -> None:
    body = Chunked()
    with pytest.raises(Malformed):
        for at in range(0, len(wire), step):
            body.feed(wire[at : at + step])


def test_extensions_are_read_over_and_forbidden_trailers_left_out() -> None:
    body = Chunked()
    wire = (
        b'5;a=b;c="d e"\r\nhello\r\n0\r\nContent-Length: 9\r\nX-City-Subject: x\r\nX-Ok: 1\r\n\r\n'
    )
    assert body.feed(wire) == (b"hello", b"")
    assert body.trailers == b"X-Ok: 1\r\n"
