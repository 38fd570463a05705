"""A crowd that asks the same is one call upstream."""

from __future__ import annotations

import asyncio

from tests.gateway.core.city import Reply, request, until
from tests.gateway.core.keeping import Keeping, answer, keeping


async def crowd(it: Keeping, many: int, *fields: str) -> list[asyncio.Task[Reply]]:
    """``many`` clients that ask at once and wait."""
    before = it.city.core.under_way
    tasks = [asyncio.create_task(it.get("/shelters", *fields)) for _ in range(many)]
    await until(lambda: it.city.core.under_way == before + many)
    return tasks


async def test_a_crowd_is_one_call() -> None:
    async with keeping(held=True) as it:
        tasks = await crowd(it, 50)
        it.script.gate.set()
        replies = await asyncio.gather(*tasks)
        assert it.script.asked == 1
    assert {reply.body for reply in replies} == {b"kept"}
    statuses = [reply.fields["cache-status"] for reply in replies]
    assert statuses.count("supercity; fwd=miss; stored") == 1
    assert statuses.count("supercity; fwd=miss; collapsed") == 49
    assert len({reply.fields["x-request-id"] for reply in replies}) == 50


async def test_what_is_for_one_is_not_given_to_others() -> None:
    async with keeping(held=True) as it:
        numbers = iter(range(100))
        it.script.choose = lambda head: answer("private", b"%d" % next(numbers))
        tasks = await crowd(it, 20)
        it.script.gate.set()
        bodies = {reply.body for reply in await asyncio.gather(*tasks)}
        assert len(bodies) == 20
        assert it.script.asked == 20
        # and for a while nobody waits for anybody else's
        it.script.gate.clear()
        tasks = await crowd(it, 5)
        await until(lambda: it.script.asked == 25)
        it.script.gate.set()
        await asyncio.gather(*tasks)


async def test_a_crowd_with_two_languages_is_two_calls() -> None:
    def choose(head: bytes) -> bytes:
        language = b"ja" if b"accept-language: ja" in head.lower() else b"en"
        return answer("max-age=60", language, "vary: accept-language")

    async with keeping(held=True) as it:
        it.script.choose = choose
        japanese = await crowd(it, 10, "Accept-Language: ja")
        english = await crowd(it, 10, "Accept-Language: en")
        it.script.gate.set()
        assert {reply.body for reply in await asyncio.gather(*japanese)} == {b"ja"}
        assert {reply.body for reply in await asyncio.gather(*english)} == {b"en"}
        assert it.script.asked == 2


async def test_the_crowd_is_bounded() -> None:
    async with keeping(held=True, cache_waiting=3) as it:
        tasks = await crowd(it, 10)
        await until(lambda: it.script.asked == 8)
        it.script.gate.set()
        assert {reply.status for reply in await asyncio.gather(*tasks)} == {200}


async def test_who_asked_first_may_leave() -> None:
    async with keeping(held=True) as it:
        first = await it.city.open()
        first.writer.write(request("/shelters"))
        await until(lambda: it.script.asked == 1)
        tasks = await crowd(it, 5)
        first.writer.transport.abort()
        await until(lambda: it.city.core.under_way == 5)
        it.script.gate.set()
        assert {reply.body for reply in await asyncio.gather(*tasks)} == {b"kept"}
        assert it.script.asked == 1


async def test_who_asked_first_may_leave_an_answer_for_one() -> None:
    async with keeping(answer("no-store", b"own"), held=True) as it:
        first = await it.city.open()
        first.writer.write(request("/shelters"))
        await until(lambda: it.script.asked == 1)
        tasks = await crowd(it, 3)
        first.writer.transport.abort()
        await until(lambda: it.city.core.under_way == 3)
        it.script.gate.set()
        assert {reply.body for reply in await asyncio.gather(*tasks)} == {b"own"}
        assert it.script.asked == 3


async def test_when_everybody_has_left_the_answer_is_still_kept() -> None:
    async with keeping(held=True) as it:
        first = await it.city.open()
        first.writer.write(request("/shelters"))
        await until(lambda: it.script.asked == 1)
        first.writer.transport.abort()
        await until(lambda: it.city.core.under_way == 0)
        it.script.gate.set()
        await until(lambda: len(it.city.core.cache.shelf) == 1)
        assert (await it.get()).body == b"kept"
        assert it.script.asked == 1


async def test_a_crowd_fails_together() -> None:
    async with keeping(b"", held=True) as it:
        tasks = await crowd(it, 10)
        it.script.gate.set()
        assert {reply.status for reply in await asyncio.gather(*tasks)} == {502}
        assert it.script.asked == 1
        assert not it.city.core.cache._under_way
        assert it.city.core.under_way == 0


async def test_a_crowd_is_kept_from_a_holder_that_broke() -> None:
    kept = answer("max-age=60, stale-if-error=3600", b"old", "age: 61")
    async with keeping(kept, answer("", b"no", status=503)) as it:
        await it.get()
        it.script.gate.clear()
        tasks = await crowd(it, 10)
        it.script.gate.set()
        assert {reply.body for reply in await asyncio.gather(*tasks)} == {b"old"}
        assert it.script.asked == 2


async def test_who_is_in_a_hurry_does_not_wait_for_the_crowds_answer() -> None:
    async with keeping(held=True) as it:
        slow = await crowd(it, 3)
        hurried = await it.get("/shelters", "Request-Timeout: 0.05")
        assert hurried.status == 504
        assert hurried.problem["type"].endswith("deadline-exceeded")
        it.script.gate.set()
        assert {reply.body for reply in await asyncio.gather(*slow)} == {b"kept"}
        assert it.script.asked == 1


async def test_a_crowd_in_a_hurry_takes_no_place_from_others_and_its_answer_is_kept() -> None:
    async with keeping(held=True, cache_waiting=2) as it:
        tasks = await crowd(it, 2, "Request-Timeout: 0.05")
        assert {reply.status for reply in await asyncio.gather(*tasks)} == {504}
        patient = await crowd(it, 2)
        it.script.gate.set()
        assert {reply.body for reply in await asyncio.gather(*patient)} == {b"kept"}
        assert it.script.asked == 1
        assert (await it.get()).fields["cache-status"].startswith("supercity; hit")


async def test_who_is_in_a_hurry_gets_what_is_stale_where_that_is_allowed() -> None:
    kept = answer("max-age=60, stale-if-error=3600", b"old", "age: 61")
    async with keeping(kept, answer(body=b"new")) as it:
        await it.get()
        it.script.gate.clear()
        (slow,) = await crowd(it, 1)
        hurried = await it.get("/shelters", "Request-Timeout: 0.05")
        assert (hurried.status, hurried.body) == (200, b"old")
        assert hurried.fields["cache-status"] == "supercity; fwd=stale; detail=stale-if-error"
        it.script.gate.set()
        assert (await slow).body == b"new"


async def test_no_connection_to_be_had_ends_the_wait() -> None:
    """The pool is full, so the fetch waits for a connection, and no longer than it may."""
    async with keeping(held=True) as it:
        (upstream,) = it.city.core._upstreams.values()
        upstream._most, upstream.connect_timeout = 1, 0.05
        other = await it.city.open()
        other.writer.write(request("/plain"))
        await until(lambda: it.script.asked == 1)
        assert (await it.get()).status == 503
        assert not it.city.core.cache._under_way
