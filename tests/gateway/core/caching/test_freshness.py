"""The terms of RFC 9111 and RFC 5861, as rules without a clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.caching.asked import Asked
from gateway.core.caching.directives import MOST_SECONDS, parse, seconds
from gateway.core.caching.freshness import LONGEST, Terms, date, read_terms

NOW = 784_111_777.0
MADE = b"date: Sun, 06 Nov 1994 08:49:37 GMT"


def terms(*lines: str, status: int = 200, authorized: bool = False) -> Terms | None:
    fields = [MADE, *(line.encode() for line in lines)]
    return read_terms(status, fields, authorized=authorized, now=NOW, waited=0.0)


@pytest.mark.parametrize(
    ("lines", "lifetime"),
    [
        (["cache-control: max-age=60"], 60),
        (["cache-control: max-age=60", "cache-control: s-maxage=5"], 5),
        (['cache-control: max-age="60"'], 60),
        (["cache-control: max-age=60, s-maxage=7", "expires: 0"], 7),
        (["expires: Sun, 06 Nov 1994 08:50:37 GMT"], 60),
        (["expires: Sunday, 06-Nov-94 08:50:37 GMT"], 60),
        (["expires: Sun Nov  6 08:50:37 1994"], 60),
        (["expires: Sun, 06 Nov 1994 08:50:37 GMT", "cache-control: max-age=9"], 9),
        (["cache-control: max-age=99999999999999999999"], LONGEST),
        (["cache-control: max-age=10, max-age=70"], 10),
        (["cache-control: MAX-AGE=60"], 60),
        (["cache-control: max-age=60, unknown=1, other"], 60),
    ],
)
def test_how_long_it_is_fresh(lines: list[str], lifetime: float) -> None:
    found = terms(*lines)
    assert found is not None
    assert found.lifetime == lifetime


@pytest.mark.parametrize(
    "lines",
    [
        [], ["cache-control: no-store, max-age=9"], ['cache-control: private="x-a", max-age=9'],
        ["cache-control: max-age=9", "cache-control: no-store"], ["cache-control: max-age=-1"],
        ['cache-control: max-age=9, x="'], ["expires: 0"], ["expires: -1"],
        ["expires: Sun, 06 Nov 1994 08:49:37 GMT"], ["cache-control: max-age=1.5"],
        ["cache-control: max-age=9", "vary: accept", "vary: *"], ["cache-control: max-age=1, =2"],
        ["cache-control: max-age=9", "vary: x-forwarded-for"],
        ["cache-control: max-age=9", "vary: " + ",".join(f"x-{n}" for n in range(9))],
    ],
)  # fmt: skip
def test_what_is_not_kept(lines: list[str]) -> None:
    assert terms(*lines) is None


def test_no_cache_is_kept_only_with_something_to_ask_by() -> None:
    assert terms("cache-control: no-cache, max-age=9") is None
    found = terms("cache-control: no-cache, max-age=9", 'etag: "a"')
    assert found is not None
    assert (found.lifetime, found.strict) == (0, True)


def test_how_old_it_is_when_it_comes() -> None:
    late = read_terms(
        200, [MADE, b"cache-control: max-age=99"], authorized=False, now=NOW + 30, waited=2
    )
    aged = read_terms(
        200, [MADE, b"cache-control: max-age=99", b"age: 40"], authorized=False, now=NOW, waited=2
    )
    assert late is not None and late.age == 30
    assert aged is not None and aged.age == 42


def test_stale_windows_are_bounded_and_forbidden_by_strict_words() -> None:
    windows = "stale-while-revalidate=30, stale-if-error=9999999"
    found = terms(f"cache-control: max-age=1, {windows}")
    assert found is not None
    assert (found.while_revalidating, found.on_error) == (30, LONGEST)
    for word in ("must-revalidate", "proxy-revalidate", "s-maxage=1"):
        found = terms(f"cache-control: max-age=1, {word}, {windows}")
        assert found is not None
        assert (found.while_revalidating, found.on_error) == (0, 0)


@pytest.mark.parametrize("word", ["public", "s-maxage=9", "must-revalidate"])
def test_credentials_ask_for_an_explicit_word(word: str) -> None:
    assert terms("cache-control: max-age=9", authorized=True) is None
    assert terms(f"cache-control: max-age=9, {word}", authorized=True) is not None


def test_which_statuses_are_kept() -> None:
    kept = {n for n in range(200, 600) if terms("cache-control: max-age=9", status=n)}
    assert kept == {200, 203, 300, 301, 302, 307, 308, 404, 410}


@given(st.binary(max_size=80))
def test_no_bytes_break_the_readers(value: bytes) -> None:
    said = parse(value)
    assert said is None or all(name == name.lower() for name in said)
    date(value)
    read_terms(
        200, [b"cache-control: " + value, b"age: " + value, b"vary: " + value],
        authorized=False, now=NOW, waited=0,
    )  # fmt: skip
    Asked(b"cache-control: " + value.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n")


NAMES = st.sampled_from([b"max-age", b"no-store", b"private", b"x-y"])
ARGUMENTS = st.one_of(st.none(), st.integers(0, 10**12).map(lambda n: b"%d" % n))


@given(st.lists(st.tuples(NAMES, ARGUMENTS), max_size=6))
def test_a_written_list_is_read_back(items: list[tuple[bytes, bytes | None]]) -> None:
    value = b", ".join(name if arg is None else name + b"=" + arg for name, arg in items)
    said = parse(value)
    assert said is not None
    assert said.keys() == {name for name, _ in items}
    for name, argument in items:
        found = seconds(said, name)
        assert found is not None
        assert found <= min(int(argument or 0), MOST_SECONDS)
