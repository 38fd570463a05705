"""Who has connected is served, also if nobody had taken the connection when the worker stops."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from tests.gateway.core.certificates import Authority
from tests.gateway.core.city import Gateway, Raw, api, gateway, request, snapshot


def in_the_queue(city: Gateway) -> socket.socket:
    """A connection of which the kernel knows and the core does not: its loop has no turn here."""
    sock = socket.create_connection(("127.0.0.1", city.port))
    sock.setblocking(False)
    return sock


async def test_who_waits_in_the_queue_is_answered_and_who_comes_later_is_refused() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        queued = [in_the_queue(city) for _ in range(3)]
        for sock in queued:
            sock.send(request("/open"))
        await city.core.drain(0.5, 10)
        with pytest.raises(ConnectionRefusedError):
            in_the_queue(city)
        for sock in queued:
            raw = Raw(*await asyncio.open_connection(sock=sock))
            reply = await raw.reply()
            assert (reply.status, reply.body) == (200, b"ok")
            assert reply.fields["connection"] == "close"
            assert await raw.ended()
            raw.writer.close()


async def test_who_waits_in_the_queue_speaks_tls_as_all_do(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with api() as behind, gateway(snapshot(behind.port), tls=authority.issue()) as city:
        sock, gone = in_the_queue(city), in_the_queue(city)
        gone.close()
        draining = asyncio.create_task(city.core.drain(0.5, 10))
        context: ssl.SSLContext = authority.client()
        raw = Raw(
            *await asyncio.open_connection(sock=sock, ssl=context, server_hostname="localhost")
        )
        raw.writer.write(request("/open"))
        assert (await raw.reply()).status == 200
        raw.writer.close()
        await draining
