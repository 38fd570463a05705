"""The compiled table against a walk over all routes, and the rules that the walk cannot show."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.policy.routing import Conflict, Table


@dataclass(frozen=True)
class R:
    method: bytes
    segments: tuple[bytes | None, ...]


def table(*paths: str, method: bytes = b"GET") -> Table[R]:
    return Table([R(method, _template(path)) for path in paths])


def _template(path: str) -> tuple[bytes | None, ...]:
    return tuple(None if part == "{}" else part.encode() for part in path[1:].split("/"))


def found(routes: Table[R], path: str) -> str | None:
    node = routes.find(path[1:].encode().split(b"/"))
    if node is None:
        return None
    segments = next(iter(node.routes.values())).segments
    return "/" + "/".join("{}" if part is None else part.decode() for part in segments)


def test_a_literal_beats_a_parameter() -> None:
    routes = table("/stops/{}", "/stops/near")
    assert found(routes, "/stops/near") == "/stops/near"
    assert found(routes, "/stops/far") == "/stops/{}"


def test_a_literal_that_leads_nowhere_does_not_hide_a_parameter() -> None:
    routes = table("/a/b/d", "/a/{}/c")
    assert found(routes, "/a/b/c") == "/a/{}/c"
    assert found(routes, "/a/b/x") is None


def test_a_parameter_is_one_segment_and_never_empty() -> None:
    routes = table("/stops/{}")
    assert found(routes, "/stops/a/b") is None
    assert found(routes, "/stops/") is None
    assert found(routes, "/stops") is None


def test_get_answers_head_and_other_methods_are_named() -> None:
    routes = Table([R(b"GET", (b"a",)), R(b"DELETE", (b"a",))])
    node = routes.find([b"a"])
    assert node is not None and node.refusal is not None
    assert node.routes[b"HEAD"].method == b"GET"
    assert b"allow: DELETE, GET, HEAD\r\n" in node.refusal.head


def test_two_routes_for_the_same_requests_are_a_conflict() -> None:
    with pytest.raises(Conflict, match=r"GET /a/\{\}"):
        Table([R(b"GET", (b"a", None)), R(b"GET", (b"a", None))])


_part = st.sampled_from(["a", "b", "c", "{}"])
_path = st.lists(_part, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
_asked = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map(lambda p: "/" + "/".join(p))


@given(st.sets(_path, min_size=1, max_size=12), _asked)
def test_it_finds_what_a_walk_over_all_routes_finds(paths: set[str], asked: str) -> None:
    def fits(path: str) -> bool:
        parts, want = path.split("/"), asked.split("/")
        return len(parts) == len(want) and all(
            part in ("{}", wanted) for part, wanted in zip(parts, want, strict=True)
        )

    # of all that fit, the one with a literal at the first place where they differ
    best = min(
        (path for path in paths if fits(path)),
        key=lambda path: [part == "{}" for part in path.split("/")],
        default=None,
    )
    assert found(table(*paths), asked) == best


def test_finding_a_route_takes_no_longer_among_ten_thousand() -> None:
    few = table(*(f"/d{n}/v1/things/{{}}" for n in range(10)))
    many = table(*(f"/d{n}/v1/things/{{}}" for n in range(10_000)))
    asked = [b"d7", b"v1", b"things", b"x"]

    def cost(routes: Table[R]) -> float:
        best = 1.0
        for _ in range(20):
            began = time.perf_counter()
            for _ in range(500):
                routes.find(asked)
            best = min(best, time.perf_counter() - began)
        return best

    assert cost(many) < 3 * cost(few)
