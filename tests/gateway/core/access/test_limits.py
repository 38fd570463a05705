"""How much is let through, and what is said when it is too much."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.access.limits import Buckets, Rate
from gateway.core.reply import Refused
from schemas import policy as wire
from tests.gateway.core.city import (
    ROUTES,
    Reply,
    api,
    client,
    gateway,
    request,
    route,
    snapshot,
    token,
)


def taken(buckets: Buckets, rate: Rate, now: float, key: str = "k") -> bool:
    try:
        buckets.take(key, rate, now)
    except Refused:
        return False
    return True


def a_rate(requests: int, seconds: int, share: int = 1) -> Rate:
    return Rate({"requests": requests, "seconds": seconds}, "client", share)


_steps = st.lists(st.floats(0, 3), max_size=200)


@given(st.integers(1, 20), st.integers(1, 10), st.integers(1, 4), _steps)
def test_a_bucket_lets_through_what_a_bucket_would(
    requests: int, seconds: int, share: int, steps: list[float]
) -> None:
    """Against the textbook: so many tokens, refilled evenly, full at first."""
    rate, buckets = a_rate(requests, seconds, share), Buckets(10)
    size = max(1.0, requests / share)
    tokens, now = size, 1_000.0
    for step in steps:
        now += step
        tokens = min(size, tokens + step * requests / share / seconds)
        if abs(tokens - 1) < 1e-6:
            return  # a tie that rounding decides
        assert taken(buckets, rate, now) == (tokens >= 1)
        tokens -= tokens >= 1


@given(st.integers(1, 8), st.integers(1, 100))
def test_workers_together_never_grant_more_than_was_stated(workers: int, requests: int) -> None:
    granted = 0
    for _ in range(workers):
        buckets, rate = Buckets(10), a_rate(requests, 60, workers)
        granted += sum(taken(buckets, rate, 5.0) for _ in range(requests))
    assert granted <= max(requests, workers)


def test_the_table_is_bounded_and_full_buckets_are_forgotten() -> None:
    buckets, rate = Buckets(100), a_rate(1, 10)
    assert all(taken(buckets, rate, 1.0, f"{n}") for n in range(100))
    assert taken(buckets, rate, 1.0, "first of the others")
    assert not taken(buckets, rate, 1.0, "second of the others")
    assert len(buckets) == 101
    buckets.forget_full(12.0)
    assert len(buckets) == 0


def few(requests: int) -> wire.Rate:
    return {"requests": requests, "seconds": 60}


async def statuses(ask: Callable[[], Awaitable[Reply]], times: int) -> list[int]:
    return [(await ask()).status for _ in range(times)]


async def test_a_client_has_its_rate_over_all_routes() -> None:
    clients = {"app": client(rate=few(3)), "other": client()}
    async with api() as behind, gateway(snapshot(behind.port, clients=clients)) as city:
        one, two = token(), token()
        first = await city.get("/stops", one)
        assert first.fields["ratelimit-policy"] == '"client";q=3;w=60'
        assert first.fields["ratelimit"].startswith('"client";r=2;t=')
        assert (await city.get("/stops/a", two)).status == 200
        assert (await city.get("/stops/a", token("wrong"))).status == 403
        refused = await city.get("/stops", one)
        assert refused.status == 429
        assert refused.fields["retry-after"] == "20"
        assert refused.fields["ratelimit"] == '"client";r=0;t=20'
        assert refused.problem["type"] == "urn:problem-type:supercity:too-many-requests"
        assert (await city.get("/stops", token(client_id="other"))).status == 200
        assert len(behind.heads) == 3


async def test_a_route_has_a_rate_for_each_client() -> None:
    routes = [*ROUTES, route("/dear", rate=few(1))]
    async with api() as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        one, other = token(), token(client_id="other")
        assert await statuses(lambda: city.get("/dear", one), 2) == [200, 429]
        assert await statuses(lambda: city.get("/dear", other), 2) == [200, 429]
        assert (await city.get("/stops", one)).status == 200


async def test_open_routes_are_limited_by_address() -> None:
    async with api() as behind, gateway(snapshot(behind.port, open_rate=few(2))) as city:
        assert await statuses(lambda: city.get("/open"), 3) == [200, 200, 429]
        assert (await city.get("/stops", token())).status == 200


async def test_a_body_too_long_by_its_own_word_is_refused_at_the_head() -> None:
    routes = [route("/open", "POST", "open", max_body_bytes=10)]
    async with api() as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        raw = await city.open()
        raw.writer.write(request("/open", "", "Content-Length: 11", method="POST"))
        reply = await raw.reply()
        assert reply.status == 413
        assert "10 bytes" in reply.problem["detail"]
        assert await raw.ended()
        raw.writer.close()
        assert (await city.ask(request("/open", method="POST", body=b"x" * 10))).status == 200
        assert behind.connections == 1


async def test_chunks_are_counted_and_cut() -> None:
    routes = [route("/open", "POST", "open", max_body_bytes=10)]
    async with api() as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        raw = await city.open()
        head = request("/open", "", "Transfer-Encoding: chunked", method="POST")
        raw.writer.write(head + b"8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n")
        assert (await raw.reply()).status == 413
        assert await raw.ended()
        raw.writer.close()
        assert behind.heads == []
