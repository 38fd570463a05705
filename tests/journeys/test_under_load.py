"""The load of the fault journeys sees what it is there to see."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.core.city import always, api
from tests.journeys.under_load import load


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\nGET /stops/-1 another",
        b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops",
    ],
)
async def test_another_ones_answer_and_one_that_is_none_are_wrong(answer: bytes) -> None:
    async with api(always(answer)) as liar:
        with pytest.raises(AssertionError, match="was answered with"):
            async with load(liar.port, reads=1, fresh=0) as seen:
                async with asyncio.timeout(10):
                    while not seen.wrong:
                        await asyncio.sleep(0.01)


async def test_half_an_answer_is_broken_and_a_problem_is_counted_by_its_type() -> None:
    problem = b'{"type":"urn:problem:no-room","status":503}'
    head = b"HTTP/1.1 503 No\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
    whole = head + b"content-length: %d\r\n\r\n%b" % (len(problem), problem)
    turns = iter([whole, whole, whole[:-9], whole[:5]])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(4_096):
            writer.write(next(turns, b""))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with load(server.sockets[0].getsockname()[1], reads=1, fresh=0) as seen:
        async with asyncio.timeout(10):
            while seen.failed["broken"] < 2:
                await asyncio.sleep(0.01)
    server.close()
    assert seen.failed["no-room"] == 2
    assert seen.good == 0
