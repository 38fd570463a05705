"""What is kept is answered from here, on the terms of RFC 9111 for a shared cache."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.core.telemetry.exposition import exposition
from tests.gateway.core.city import request, route, snapshot, token, until
from tests.gateway.core.keeping import KEPT, answer, keeping


async def test_a_fresh_answer_is_asked_for_once() -> None:
    async with keeping(answer("max-age=60", b"kept", 'etag: "a"', "x-own: 1")) as it:
        first, second = await it.get(), await it.get()
    assert it.script.asked == 1
    assert (first.status, first.body) == (second.status, second.body) == (200, b"kept")
    assert first.fields["cache-status"] == "supercity; fwd=miss; stored"
    assert second.fields["cache-status"].startswith("supercity; hit; ttl=5")
    assert second.fields["age"] == "0"
    assert second.fields["x-own"] == "1"
    assert second.fields["date"].endswith("GMT")
    assert second.fields["x-request-id"] != first.fields["x-request-id"]
    assert "ratelimit" in second.fields


async def test_a_route_that_is_not_marked_is_not_kept() -> None:
    async with keeping() as it:
        for _ in range(2):
            reply = await it.get("/plain")
            assert "cache-status" not in reply.fields
    assert it.script.asked == 2


@pytest.mark.parametrize(
    "said",
    [
        answer(""), answer("no-store, max-age=60"), answer("private, max-age=60"),
        answer("max-age=60", b"x", "set-cookie: a=1"), answer("max-age=60", b"x", "vary: *"),
        answer("max-age=60", b"x", "vary: Cookie"),
        answer("max-age=60", b"x", "vary: X-City-Client"),
        answer("max-age=60; public"), answer("max-age=0"), answer("max-age=x"),
        answer("max-age=60", b"x", "age: 61"), answer("max-age=60", status=500),
        answer("max-age=60, max-age=0"), answer("", b"x", "expires: 0"),
        answer("", b"x", "last-modified: Mon, 01 Jan 2024 00:00:00 GMT"),
    ],
)  # fmt: skip
async def test_what_may_not_be_kept_is_not(said: bytes) -> None:
    async with keeping(said) as it:
        first, second = await it.get(), await it.get()
        assert it.script.asked == 2
        assert first.fields["cache-status"] == second.fields["cache-status"]
        assert len(it.city.core.cache.shelf) == 0
        assert it.city.core.cache.shelf.bytes == 0


async def test_head_and_get_share_an_answer() -> None:
    async with keeping(answer(body=b"12345")) as it:
        head = await it.get(method="HEAD")
        got = await it.get()
        again = await it.get(method="HEAD")
    assert it.script.asked == 1
    assert head.fields["content-length"] == again.fields["content-length"] == "5"
    assert (head.body, got.body, again.body) == (b"", b"12345", b"")


async def test_queries_and_hosts_are_different_questions() -> None:
    async with keeping() as it:
        await it.get("/shelters?open=1")
        await it.get("/shelters?open=0")
        await it.city.ask(b"GET /shelters?open=1 HTTP/1.1\r\nHost: other.example\r\n\r\n")
        assert it.script.asked == 3
        await it.get("/shelters?open=1")
    assert it.script.asked == 3


async def test_variants_are_told_apart_and_bounded() -> None:
    def choose(head: bytes) -> bytes:
        tongue = head.lower().partition(b"accept-language: ")[2].split(b"\r\n")[0]
        return answer("max-age=60", tongue or b"none", "vary: Accept-Language")

    async with keeping(cache_variants=2) as it:
        it.script.choose = choose
        for language in ("ja", "en", "ja", "en"):
            reply = await it.get("/shelters", f"Accept-Language: {language}")
            assert reply.body == language.encode()
        assert it.script.asked == 2
        assert (await it.get()).body == b"none"
        assert (await it.get()).body == b"none"
        assert (await it.get("/shelters", "Accept-Language: ja")).body == b"ja"
        assert it.script.asked == 4
        assert len(it.city.core.cache.shelf.items.popitem()[1].variants) == 2


async def test_age_counts_on() -> None:
    async with keeping(answer("max-age=60", b"x", "age: 50")) as it:
        first = await it.get()
        reply = await it.get()
    assert int(first.fields["age"]) in (50, 51)
    assert int(reply.fields["age"]) in (50, 51)
    assert reply.fields["cache-status"] in ("supercity; hit; ttl=9", "supercity; hit; ttl=8")


async def test_a_client_that_has_it_is_told_so() -> None:
    said = answer(
        "max-age=60", b"x", 'etag: W/"a"', "last-modified: Mon, 01 Jan 2024 00:00:00 GMT",
        "content-type: text/plain",
    )  # fmt: skip
    async with keeping(said) as it:
        miss = await it.get("/shelters", 'If-None-Match: "z", "a"')
        assert (miss.status, miss.body) == (304, b"")
        assert b"none-match" not in it.behind.heads[0].lower()
        for condition, status in {
            'If-None-Match: "a"': 304,
            "If-None-Match: *": 304,
            'If-None-Match: "b"': 200,
            "If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT": 304,
            "If-Modified-Since: Sun, 31 Dec 2023 00:00:00 GMT": 200,
            "If-Modified-Since: nonsense": 200,
        }.items():
            reply = await it.get("/shelters", condition)
            assert reply.status == status, condition
            assert reply.fields["etag"] == 'W/"a"'
            assert ("content-type" in reply.fields) == (status == 200)
    assert it.script.asked == 1


async def test_parts_and_preconditions_are_for_the_api() -> None:
    async with keeping() as it:
        await it.get()
        for line in ("Range: bytes=0-1", 'If-Match: "a"', "If-Unmodified-Since: now"):
            reply = await it.get("/shelters", line)
            assert reply.fields["cache-status"] == "supercity; fwd=bypass"
            assert line.encode().lower() in it.behind.heads[-1].lower()
    assert it.script.asked == 4


async def test_a_request_says_how_fresh() -> None:
    async with keeping(answer("max-age=60", b"x", "age: 50")) as it:
        await it.get()
        for control, asked in {
            "max-age=100": 0, "max-age=10": 1, "min-fresh=5": 0, "min-fresh=30": 1, "no-cache": 1,
            "no-store": 0, "only-if-cached": 0,
        }.items():  # fmt: skip
            before = it.script.asked
            assert (await it.get("/shelters", f"Cache-Control: {control}")).status == 200
            assert it.script.asked - before == asked, control


async def test_a_query_that_nobody_asks_twice_goes_past() -> None:
    async with keeping() as it:
        reply = await it.get("/shelters?" + "x" * 3_000)
        assert reply.fields["cache-status"] == "supercity; fwd=bypass"
        assert len(it.city.core.cache.shelf) == 0


async def test_a_refusal_says_nothing_of_what_is_kept() -> None:
    kept = answer("max-age=60, stale-if-error=60", b"old", *STALE)
    async with keeping(kept, answer("", b"no", status=429), b"") as it:
        await it.get()
        assert (await it.get()).status == 429
        assert (await it.get()).body == b"old"


async def test_head_of_what_is_not_kept_has_no_content() -> None:
    for length in (3, 300_000):
        async with keeping(answer("no-store", b"x" * length)) as it:
            raw = await it.city.open()
            raw.writer.write(request("/shelters", method="HEAD"))
            head = await raw.reply(head_only=True)
            assert head.fields["content-length"] == str(length)
            raw.writer.write(request("/shelters"))
            assert (await raw.reply()).body == b"x" * length


async def test_only_if_cached_asks_nobody() -> None:
    async with keeping() as it:
        reply = await it.get("/shelters", "Cache-Control: only-if-cached")
        assert reply.status == 504
        assert reply.problem["type"].endswith("not-cached")
    assert it.script.asked == 0


async def test_a_request_may_forbid_keeping() -> None:
    async with keeping() as it:
        await it.get("/shelters", "Cache-Control: no-store")
        assert len(it.city.core.cache.shelf) == 0
        await it.get()
    assert it.script.asked == 2


STALE = ("age: 61", 'etag: "a"')


async def test_max_stale_takes_what_is_stale() -> None:
    async with keeping(answer("max-age=60", b"old", *STALE)) as it:
        await it.get()
        reply = await it.get("/shelters", "Cache-Control: max-stale=30")
        assert reply.fields["cache-status"].startswith("supercity; hit; ttl=-")
        await it.get("/shelters", "Cache-Control: max-stale")
        assert it.script.asked == 1
        await it.get("/shelters", "Cache-Control: max-stale=0")
        assert it.script.asked == 2


async def test_must_revalidate_forbids_what_is_stale() -> None:
    for word in ("must-revalidate", "proxy-revalidate", "s-maxage=60"):
        said = answer(
            f"max-age=60, {word}, stale-while-revalidate=90, stale-if-error=90", b"x", *STALE
        )
        async with keeping(said, b"") as it:
            await it.get()
            reply = await it.get("/shelters", "Cache-Control: max-stale")
            assert it.script.asked > 1
            assert reply.status == 502


async def test_what_is_stale_is_revalidated() -> None:
    still = answer("max-age=60", b"", 'etag: "a"', "x-own: 2", status=304)
    async with keeping(answer("max-age=60", b"old", *STALE, "x-own: 1"), still) as it:
        await it.get()
        second = await it.get()
        assert it.behind.head("if-none-match") == '"a"'
        assert (second.status, second.body, second.fields["x-own"]) == (200, b"old", "2")
        assert second.fields["cache-status"] == "supercity; fwd=stale; fwd-status=304; stored"
        third = await it.get()
        assert third.fields["cache-status"].startswith("supercity; hit")
        assert it.script.asked == 2
        assert third.fields["x-own"] == "2"


async def test_no_cache_is_kept_and_always_asked_for() -> None:
    still = answer("no-cache", b"", 'etag: "a"', status=304)
    async with keeping(answer("no-cache", b"old", 'etag: "a"'), still) as it:
        for asked in (1, 2, 3):
            reply = await it.get()
            assert (reply.status, reply.body, it.script.asked) == (200, b"old", asked)


async def test_a_304_about_another_answer_is_not_believed() -> None:
    other = answer("max-age=60", b"", 'etag: "b"', status=304)
    async with keeping(answer("max-age=60", b"old", *STALE), other, answer(body=b"new")) as it:
        await it.get()
        assert (await it.get()).body == b"new"
        assert b"if-none-match" not in it.behind.heads[-1].lower()


async def test_stale_while_revalidate_asks_in_the_background() -> None:
    stale = answer("max-age=60, stale-while-revalidate=30", b"old", "age: 61")
    async with keeping(stale, answer(body=b"new")) as it:
        await it.get()
        it.script.gate.clear()
        replies = [await it.get() for _ in range(3)]  # nobody waits for the upstream
        assert {reply.body for reply in replies} == {b"old"}
        assert replies[0].fields["cache-status"].startswith("supercity; hit; ttl=-")
        await until(lambda: it.script.asked == 2)
        it.script.gate.set()
        await until(lambda: it.outcome("stale") == 3 and not it.city.core.cache._under_way)
        assert (await it.get()).body == b"new"
    assert it.script.asked == 2


@pytest.mark.parametrize("failure", [b"", answer("", b"broken", status=503)])
async def test_stale_if_error_keeps_shelters_readable(failure: bytes) -> None:
    kept = answer("max-age=60, stale-if-error=3600", b"old", "age: 61")
    async with keeping(kept, failure) as it:
        await it.get()
        reply = await it.get()
        assert (reply.status, reply.body) == (200, b"old")
        assert reply.fields["cache-status"] == "supercity; fwd=stale; detail=stale-if-error"
        asked = it.script.asked
        for _ in range(5):  # for a while nobody asks again
            assert (await it.get()).body == b"old"
        assert it.script.asked == asked


async def test_a_holder_that_is_back_is_asked_again() -> None:
    kept = answer("max-age=60, stale-if-error=3600", b"old", "age: 61")
    # the first failure met a kept connection, so it is asked once more on a new one
    async with keeping(kept, b"", b"", answer(body=b"new"), cache_retry=0.05) as it:
        assert [(await it.get()).body for _ in range(2)] == [b"old", b"old"]

        async def new() -> bool:
            return (await it.get()).body == b"new"

        async with asyncio.timeout(5):
            while not await new():
                pass


async def test_a_holder_that_hangs_is_not_waited_for() -> None:
    kept = answer("max-age=60, stale-if-error=3600", b"old", "age: 61")
    async with keeping(kept, answer(body=b"new"), cache_patience=0.05) as it:
        await it.get()
        it.script.gate.clear()
        assert (await it.get()).body == b"old"
        assert (await it.get()).body == b"old"
        it.script.gate.set()
        await until(lambda: not it.city.core.cache._under_way)
        assert (await it.get()).body == b"new"
    assert it.script.asked == 2


async def test_an_error_without_anything_stale_is_told() -> None:
    async with keeping(b"") as it:
        assert (await it.get()).status == 502
    async with keeping(answer("max-age=1, stale-if-error=2", b"x", "age: 60"), b"") as it:
        await it.get()
        assert (await it.get()).status == 502


async def test_a_kept_answer_of_a_scoped_route_says_that_it_may_be() -> None:
    for control, asked in {"max-age=60": 2, "max-age=60, public": 1, "s-maxage=60": 1}.items():
        async with keeping(answer(control)) as it:
            for client in ("app", "other"):
                reply = await it.get("/stops", bearer=token(client_id=client))
                assert reply.status == 200
            assert it.script.asked == asked, control
            assert (await it.get("/stops")).status == 401
            assert (await it.get("/stops", bearer=token("other:read"))).status == 403


async def test_credentials_and_cookies_do_not_reach_what_is_kept() -> None:
    async with keeping() as it:
        await it.get("/shelters", "Cookie: a=1", "Authorization: Basic x", "X-Public: 1")
    assert it.behind.head("cookie") is None
    assert it.behind.head("authorization") is None
    assert it.behind.head("x-public") == "1"
    assert it.behind.head("x-city-gateway-key") is not None


async def test_a_change_forgets_what_it_changed() -> None:
    made = answer(
        "", b"", "location: /shelters/7", "content-location: http://evil/alerts", status=201
    )

    def choose(head: bytes) -> bytes:
        return made if head.startswith(b"POST") else answer()

    paths = ("/shelters?a=1", "/shelters/7", "/shelters/8", "/alerts")
    async with keeping() as it:
        it.script.choose = choose
        for path in paths:
            await it.get(path)
        await it.city.get("/shelters", method="POST")
        statuses = [(await it.get(path)).fields["cache-status"].split("; ")[1] for path in paths]
    # the target and what its answer names are gone; the rest of the API is asked for once more
    assert statuses == ["fwd=miss", "fwd=miss", "fwd=stale", "fwd=stale"]


async def test_a_change_leaves_what_helps_when_the_holder_fails() -> None:
    kept = answer("max-age=60, stale-if-error=60", b"old")
    async with keeping() as it:
        it.script.choose = lambda head: kept
        await it.get("/alerts")
        it.script.choose = lambda head: answer() if b"POST" in head else b""
        await it.city.get("/shelters", method="POST")
        assert (await it.get("/alerts")).body == b"old"


async def test_a_change_that_failed_forgets_nothing() -> None:
    async with keeping() as it:
        it.script.choose = lambda head: answer(status=409) if b"POST" in head else answer()
        await it.get()
        await it.city.get("/shelters", method="POST")
        assert (await it.get()).fields["cache-status"].startswith("supercity; hit")


async def test_what_was_on_its_way_when_it_changed_is_not_kept() -> None:
    bodies = iter((b"before", b"after"))

    def choose(head: bytes) -> bytes:
        return answer("", b"", status=204) if b"POST" in head else answer(body=next(bodies))

    async with keeping(held=True) as it:
        it.script.choose = choose
        early = asyncio.create_task(it.get())
        await until(lambda: it.script.asked == 1)
        await it.city.get("/shelters", method="POST")
        late = asyncio.create_task(it.get())  # does not join who asked before the change
        await until(lambda: it.script.asked == 3)
        it.script.gate.set()
        assert (await early).body == b"before"
        assert (await late).body == b"after"
        assert (await it.get()).body == b"after"


async def test_a_purge_comes_with_the_policy() -> None:
    async with keeping() as it:
        port = it.behind.port
        paths = ("/shelters", "/shelters/1", "/alerts")

        async def after(purged: dict[str, int]) -> list[bool]:
            policy = snapshot(port, routes=KEPT, purged=purged)
            it.city.core.apply(orjson.dumps(policy))
            replies = [await it.get(path) for path in paths]
            return [reply.fields["cache-status"].startswith("supercity; hit") for reply in replies]

        assert await after({}) == [False, False, False]
        assert await after({"dataset:alerts": 1}) == [True, True, False]
        assert await after({"dataset:alerts": 1}) == [True, True, True]
        assert await after({"dataset:alerts": 2}) == [True, True, False]
        assert await after({"route:test.get-shelters": 5}) == [False, True, True]
        assert await after({"*": 1}) == [False, False, False]


async def test_what_is_kept_goes_with_its_route() -> None:
    async with keeping() as it:
        await it.get("/alerts")
        scoped = [route("/alerts", cache={}, dataset="alerts")]
        it.city.core.apply(orjson.dumps(snapshot(it.behind.port, routes=scoped)))
        assert (await it.get("/alerts", bearer=token())).fields["cache-status"].endswith("fwd=miss")
        assert it.script.asked == 2


def critical() -> dict[str, Any]:
    """An emergency in which nothing of normal priority has room at its server."""
    now = int(time.time())
    return {"id": "e", "since": now - 10, "until": now + 600, "level": "critical", "reason": "x"}


async def test_what_is_kept_needs_no_room_at_its_server() -> None:
    kept = answer("max-age=60, stale-if-error=60", b"old", *STALE)
    fresh = answer(body=b"fresh")
    async with keeping() as it:
        it.script.choose = lambda head: kept if b"/alerts" in head else fresh
        for path in ("/shelters", "/alerts"):
            await it.get(path)
        it.city.core.apply(
            orjson.dumps(snapshot(it.behind.port, routes=KEPT, emergency=critical()))
        )
        await until(lambda: it.city.core.overload.emergency is not None)
        replies = {path: await it.get(path) for path in ("/shelters", "/alerts", "/shelters/1")}
        bypass = await it.get("/shelters", "Range: bytes=0-1")
    assert {path: reply.status for path, reply in replies.items()} == {
        "/shelters": 200, "/alerts": 200, "/shelters/1": 503,
    }  # fmt: skip
    assert replies["/alerts"].fields["cache-status"].endswith("stale-if-error")
    assert bypass.status == 503
    assert it.script.asked == 2


async def test_places_are_given_back() -> None:
    async with keeping(answer("private")) as it:
        replies = await asyncio.gather(*[it.get() for _ in range(20)])
        assert {reply.status for reply in replies} == {200}
        policy = it.city.core.policy
        assert policy is not None
        node = policy.table.find([b"shelters"])
        assert node is not None
        assert node.routes[b"GET"].load.gate.in_flight == 0


async def test_a_route_that_an_emergency_opens_is_kept_for_everybody() -> None:
    routes = [route("/stops", cache={}, dataset="stops", emergency="open")]
    async with keeping(answer("public, max-age=60")) as it:
        policy = snapshot(it.behind.port, routes=routes, emergency=critical())
        it.city.core.apply(orjson.dumps(policy))
        await until(lambda: it.city.core.overload.emergency is not None)
        for _ in range(3):
            reply = await it.get("/stops")
            assert reply.status == 200
            assert reply.fields["x-city-emergency"].startswith("critical")
        assert (await it.get("/stops", bearer=token())).status == 200
        assert it.script.asked == 1
        it.city.core.apply(orjson.dumps(snapshot(it.behind.port, routes=routes)))
        assert (await it.get("/stops")).status == 401


async def test_memory_is_bounded() -> None:
    async with keeping(answer(body=b"x" * 2_000), cache_bytes=20_000) as it:
        for number in range(50):
            await it.get(f"/shelters/{number}")
            assert it.city.core.cache.shelf.bytes <= 20_000
        assert 0 < len(it.city.core.cache.shelf) < 10
        assert it.city.core.cache.shelf.dropped > 40
        before = it.script.asked
        await it.get("/shelters/49")  # the newest is there, the oldest is not
        assert it.script.asked == before
        await it.get("/shelters/0")
        assert it.script.asked == before + 1
    async with keeping(cache_entries=3) as it:
        for number in range(10):
            await it.get(f"/shelters/{number}")
        assert len(it.city.core.cache.shelf) == 3


@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
async def test_a_long_answer_streams_past_the_cache(framing: str) -> None:
    body = b"y" * 30_000
    said = {
        "length": answer(body=body),
        "chunks": b"HTTP/1.1 200 OK\r\ncache-control: max-age=9\r\n"
        b"transfer-encoding: chunked\r\n\r\n7530\r\n" + body + b"\r\n0\r\n\r\n",
        "close": b"HTTP/1.0 200 OK\r\ncache-control: max-age=9\r\n\r\n" + body,
    }[framing]

    async with keeping(said, cache_object=10_000) as it:
        for asked in (1, 2):
            reply = await it.get()
            assert (reply.body, it.script.asked) == (body, asked)
        assert len(it.city.core.cache.shelf) == 0
        assert it.city.core.under_way == 0


async def test_chunks_are_kept_as_a_whole() -> None:
    said = (
        b"HTTP/1.1 200 OK\r\ncache-control: max-age=9\r\ntransfer-encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n2\r\nde\r\n0\r\nx-trailer: 1\r\n\r\n"
    )
    async with keeping(said) as it:
        for _ in range(2):
            reply = await it.get()
            assert (reply.body, reply.fields["content-length"]) == (b"abcde", "5")
    assert it.script.asked == 1


async def test_pipelined_hits_come_in_order() -> None:
    async with keeping() as it:
        await it.get()
        await it.get("/shelters/1")
        raw = await it.city.open()
        raw.writer.write((request("/shelters") + request("/shelters/1")) * 40)
        for _ in range(80):
            assert (await raw.reply()).body == b"kept"
    assert it.script.asked == 2


async def test_a_shortcut_is_a_plain_hit_and_nothing_else() -> None:
    """Hits after the first go another way through the core; what is decided stays the same."""
    async with keeping(answer(body=b"12345")) as it:
        for _ in range(3):
            await it.get()
        named = await it.get("/shelters", "X-Request-Id: request-1")
        assert named.fields["x-request-id"] == "request-1"
        assert (await it.get("/shelters", "Connection: close")).fields["connection"] == "close"
        assert (await it.get(method="HEAD")).body == b""
        for _ in range(2):
            old = await it.city.open()
            old.writer.write(b"GET /shelters HTTP/1.0\r\nHost: city.example\r\n\r\n")
            assert (await old.reply()).fields["connection"] == "close"
            assert await old.ended()
        assert (await it.get("/shelters", "Content-Length: 0")).body == b"12345"
        posted = request("/shelters", body=b"x") + request("/shelters")
        raw = await it.city.open()
        raw.writer.write(posted)  # a GET with a body, and one without
        assert [(await raw.reply()).status for _ in range(2)] == [200, 200]
        assert it.behind.bodies.count(b"x") == 1
        assert it.outcome("hit") == 9
        it.city.core.draining = True
        assert (await it.get()).fields["connection"] == "close"
    assert it.script.asked == 2


async def test_hits_are_limited_and_logged(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    async with keeping(rate={"requests": 3, "seconds": 60}, access_log=str(log)) as it:
        replies = [await it.get() for _ in range(5)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert len(log.read_text().splitlines()) == 5
    async with keeping(rate={"requests": 3, "seconds": 60}) as it:
        replies = [await it.get() for _ in range(5)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
        left = [reply.fields["ratelimit"].split(";")[1] for reply in replies]
        assert left == ["r=2", "r=1", "r=0", "r=0", "r=0"]


async def test_it_is_counted() -> None:
    async with keeping() as it:
        for _ in range(3):
            await it.get()
        await it.get("/shelters", "Range: bytes=0-1")
        text = exposition([it.city.core.as_json()], 1).decode()
    line = (
        "supercity_gateway_cache_requests_total"
        '{client_class="none",outcome="%s",route="test.get-shelters"} %s'
    )
    for outcome, count in {"hit": "2.0", "miss": "1.0", "passed": "1.0"}.items():
        assert line % (outcome, count) in text
    assert "supercity_gateway_cache_entries 1.0" in text
