from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from schemas.kit.outgoing.addresses import networks
from schemas.kit.outgoing.guard import Guard
from services.broker.context.errors import LdContextNotAvailable
from services.broker.context.ld.documents import MOST_BYTES
from services.broker.context.ld.fetch import ContextFetcher
from tests.services.broker.running import serving

CONTEXT = b'{"@context": {}}'


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """A server of contexts, good and bad ones."""
    app = FastAPI()

    @app.get("/good")
    async def good(request: Request) -> Response:
        assert request.headers["accept"].startswith("application/ld+json")
        headers = {"cache-control": "max-age=77"}
        return Response(CONTEXT, media_type="application/ld+json", headers=headers)

    @app.get("/moved/{times}")
    async def moved(times: int) -> Response:
        where = f"/moved/{times - 1}" if times > 1 else "good" if times < 0 else "/good"
        return Response(status_code=302, headers={"location": where})

    @app.get("/page")
    async def page() -> Response:
        link = '<https://e.org/x>; rel="icon", </good>; rel="alternate"; type="application/ld+json"'
        return Response(b"<html>", media_type="text/html", headers={"link": link})

    @app.get("/gone")
    async def gone() -> Response:
        return Response(status_code=410)

    @app.get("/inside")
    async def inside() -> Response:
        return Response(status_code=301, headers={"location": "http://169.254.169.254/latest"})

    @app.get("/zipped")
    async def zipped() -> Response:
        return Response(b"\x1f\x8b", headers={"content-encoding": "gzip"})

    @app.get("/endless")
    async def endless() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(2 * MOST_BYTES // 65_536):
                yield b" " * 65_536

        return StreamingResponse(parts(), media_type="application/json")

    @app.get("/silent")
    async def silent() -> Response:
        await asyncio.sleep(30)
        return Response(CONTEXT)

    async with serving(app) as url:
        yield url


@pytest.fixture
def fetch() -> ContextFetcher:
    """One that may call this machine, and no other inside."""
    return ContextFetcher(Guard(networks("127.0.0.0/8")))


async def test_a_context_is_fetched_with_its_lifetime(server: str, fetch: ContextFetcher) -> None:
    found = await fetch(f"{server}/good")
    assert (found.body, found.seconds) == (CONTEXT, 77.0)


@pytest.mark.parametrize("path", ["moved/1", "moved/3", "page"])
async def test_redirects_and_alternates_are_followed(
    server: str, fetch: ContextFetcher, path: str
) -> None:
    assert (await fetch(f"{server}/{path}")).body == CONTEXT


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("moved/9", "too often"),
        ("gone", "410"),
        ("nothing", "404"),
        ("inside", "not called"),
        ("zipped", "compressed"),
        ("endless", "more than"),
    ],
)
async def test_what_cannot_be_had_is_told(
    server: str, fetch: ContextFetcher, path: str, reason: str
) -> None:
    with pytest.raises(LdContextNotAvailable, match=reason):
        await fetch(f"{server}/{path}")


async def test_a_server_that_does_not_answer_is_waited_for_a_while(server: str) -> None:
    fetch = ContextFetcher(Guard(networks("127.0.0.0/8")), seconds=0.2)
    with pytest.raises(LdContextNotAvailable, match="in time"):
        await fetch(f"{server}/silent")


async def test_a_server_that_is_not_there_is_told(fetch: ContextFetcher) -> None:
    with pytest.raises(LdContextNotAvailable, match="connection"):
        await fetch("http://127.0.0.1:1025/context")


async def test_the_own_network_is_not_called(server: str) -> None:
    """Server-side request forgery: unless the network is allowed (CWE-918)."""
    fetch = ContextFetcher(Guard())
    for url in (f"{server}/good", "http://10.0.0.1/x", "https://[::1]/x", "https://localhost/x"):
        with pytest.raises(LdContextNotAvailable, match="not called"):
            await fetch(url)


async def test_contexts_may_be_published_without_tls(server: str) -> None:
    """By servers in the world at large; the address is checked all the same."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.1"] if host == "inside.example" else ["192.0.0.9"]

    guard = Guard(plain=True, resolve=resolve)
    assert guard.check_url("http://contexts.example/a").scheme == "http"
    with pytest.raises(LdContextNotAvailable, match="public Internet"):
        await ContextFetcher(guard)("http://inside.example/a")
    with pytest.raises(LdContextNotAvailable, match="https"):
        await ContextFetcher(Guard(resolve=resolve))("http://contexts.example/a")
