from __future__ import annotations

from typing import Any

import httpx
import orjson

from schemas.kit.client import CityClient, broker_sink
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
