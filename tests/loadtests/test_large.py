"""Long bodies pass through a worker process in little memory, whoever is slow."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from loadtests.peers import candidates, large, work
from loadtests.peers.bodies_client import Client

SIZE = 256_000_000
MOST = 64
"""MB that a body may take."""


async def test_a_body_of_any_length_takes_little_memory_either_way(tmp_path: Path) -> None:
    place = large.place_for(tmp_path, SIZE)
    (ours,) = [each for each in candidates.candidates(place) if each.name == "supercity"]
    figures = await large.one(ours, place, SIZE)
    grown = {name: value for name, value in figures.items() if name.startswith("MB more")}
    assert len(grown) == 4
    assert all(value < MOST for value in grown.values()), grown
    assert all(value > 0 for name, value in figures.items() if name.startswith("MB/s"))


async def test_memory_that_is_taken_and_given_back_is_seen() -> None:
    async def takes() -> int:
        return len(bytearray(b"x" * 100_000_000))

    grown, _ = await large.growth(large.Watched([os.getpid()]), takes())
    assert grown > 90


async def test_a_body_that_arrives_otherwise_than_it_was_sent_is_told() -> None:
    async def lies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\x00\x02\x01")
        writer.close()

    server = await asyncio.start_server(lies, "127.0.0.1", 0)
    client = Client(server.sockets[0].getsockname()[1], work.ROUTES[0], "token")
    with pytest.raises(ValueError, match="otherwise"):
        await client.take(3)
    server.close()
