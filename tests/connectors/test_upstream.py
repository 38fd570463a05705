from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from connectors.upstream import DataHolder
from schemas.problem import TooLarge, Unavailable

URL = "https://holder.example/feed"


def holder(answer: Callable[[httpx.Request], httpx.Response], **options: float) -> DataHolder:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return DataHolder(limit=100, http=http, **options)


async def test_an_unchanged_document_is_not_sent_twice() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers.get("if-none-match") == '"1"':
            return httpx.Response(304)
        return httpx.Response(200, content=b"stops", headers={"etag": '"1"'})

    data = holder(answer)
    assert await data.get(URL) == b"stops"
    assert await data.get(URL) is None


async def test_a_passing_failure_is_tried_again() -> None:
    answers = iter([httpx.Response(503), httpx.Response(200, content=b"ok")])
    assert await holder(lambda _: next(answers)).get(URL) == b"ok"


async def test_a_refusal_is_not_tried_again() -> None:
    calls: list[int] = []

    def answer(_: httpx.Request) -> httpx.Response:
        calls.append(1)
        return httpx.Response(403)

    with pytest.raises(Unavailable, match="status 403"):
        await holder(answer).get(URL)
    assert len(calls) == 1


async def test_more_than_the_limit_is_refused_whatever_the_length_said() -> None:
    with pytest.raises(TooLarge):
        await holder(lambda _: httpx.Response(200, content=b"x" * 101)).get(URL)


async def test_a_holder_that_keeps_failing_is_left_alone() -> None:
    calls: list[int] = []

    def answer(_: httpx.Request) -> httpx.Response:
        calls.append(1)
        return httpx.Response(404)

    data = holder(answer)
    for _ in range(5):
        with pytest.raises(Unavailable, match="404"):
            await data.get(URL)
    with pytest.raises(Unavailable, match="5 times in a row"):
        await data.get(URL)
    assert len(calls) == 5


async def test_no_fetch_outlives_its_deadline() -> None:
    async def answer(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    with pytest.raises(Unavailable, match="TimeoutError"):
        await DataHolder(limit=100, deadline=0.05, http=http).get(URL)
