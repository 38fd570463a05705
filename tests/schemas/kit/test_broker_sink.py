from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from schemas.kit.broker_sink import broker_sink
from schemas.kit.client import CityClient
from schemas.kit.outbox import Message


async def told(messages: list[Message]) -> list[list[Any]]:
    """The batches in which a sink tells messages."""
    batches: list[list[Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 600})
        assert len(request.content) <= 1_048_576
        batches.append(orjson.loads(request.content))
        return httpx.Response(201, json={})

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://city") as http:
        await broker_sink(CityClient("", "id", "secret", http=http))(messages)
    return batches


async def test_batches_are_bounded_by_count_and_by_bytes_and_keep_the_order() -> None:
    small = [Message("event", "k", orjson.dumps(i)) for i in range(450)]
    assert [len(batch) for batch in await told(small)] == [200, 200, 50]
    large = [Message("event", "k", orjson.dumps([i, "x" * 300_000])) for i in range(7)]
    batches = await told(large)
    assert [len(batch) for batch in batches] == [2, 2, 2, 1]
    assert [item[0] for batch in batches for item in batch] == list(range(7))


async def test_channels_are_told_in_the_order_in_which_they_were_said() -> None:
    said = [Message(c, "k", orjson.dumps(i)) for i, c in enumerate(("event", "entity", "event"))]
    assert await told(said) == [[0], [1], [2]]


def refusing(bad: set[int], status: int = 422) -> httpx.MockTransport:
    """A broker that refuses every batch with one of ``bad`` in it."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 600})
        items = set(orjson.loads(request.content))
        if items & bad:
            return httpx.Response(status, text=f"not {min(items & bad)}")
        taken.append(items)
        return httpx.Response(201, json={})

    taken: list[set[int]] = []
    transport = httpx.MockTransport(answer)
    transport.taken = taken  # type: ignore[attr-defined]
    return transport


NUMBERS = [Message("event", "k", orjson.dumps(i)) for i in range(50)]


async def test_what_is_refused_for_good_is_named_and_the_rest_is_told() -> None:
    transport = refusing({7, 31})
    async with httpx.AsyncClient(transport=transport, base_url="http://city") as http:
        refusals = await broker_sink(CityClient("", "id", "secret", http=http))(NUMBERS)
    assert [(r.message.body, r.reason) for r in refusals or ()] == [
        (b"7", "not 7"),
        (b"31", "not 31"),
    ]
    assert set().union(*transport.taken) == set(range(50)) - {7, 31}  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [403, 404, 429, 503])
async def test_what_may_be_taken_later_is_not_given_up(status: int) -> None:
    async with httpx.AsyncClient(transport=refusing({7}, status), base_url="http://city") as http:
        with pytest.raises(httpx.HTTPStatusError):
            await broker_sink(CityClient("", "id", "secret", http=http))(NUMBERS)


async def test_entities_that_the_broker_names_as_failed_are_refused_and_those_gone_are_gone() -> (
    None
):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 600})
        errors = [{"entityId": "urn:b", "error": {"title": "no"}}]
        return httpx.Response(207, json={"success": ["urn:a"], "errors": errors})

    said = [Message(c, id_, b'""') for c in ("entity", "gone") for id_ in ("urn:a", "urn:b")]
    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://city") as http:
        refusals = await broker_sink(CityClient("", "id", "secret", http=http))(said)
    assert [(r.message.channel, r.message.key) for r in refusals or ()] == [("entity", "urn:b")]
