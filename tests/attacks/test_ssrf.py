"""Addresses that others choose, and that the city would call: documents, webhooks, contexts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.control.catalogue.fetch import Fetcher, Unreachable
from schemas.kit.outgoing.guard import Guard
from schemas.kit.outgoing.model import Request
from schemas.kit.outgoing.sender import Sender
from services.broker.context.errors import LdContextNotAvailable
from services.broker.context.ld.fetch import ContextFetcher
from tests.services.broker.running import party, running

METADATA = "169.254.169.254"
INSIDE = [
    f"https://{METADATA}/latest/meta-data",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    f"https://[::ffff:{METADATA}]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://10.0.0.1/",
    "https://192.168.0.1/",
    "https://0.0.0.0/",
    "https://localhost/",
    "https://localhost./",
    "https://user:password@example.com/",
    f"https://example.com@{METADATA}/",
    "http://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "https://example.com:6379/",
    "https://example.com/\r\nX-City-Client: operator",
]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    store, log = f"sqlite+aiosqlite:///{tmp_path}/store", f"sqlite:///{tmp_path}/log/log.db"
    async with running(store, log) as url, party(url) as found:
        yield found


def webhook(url: str) -> tuple[str, dict[str, Any]]:
    return "/events/v1/webhooks", {"url": url}


def subscription(url: str) -> tuple[str, dict[str, Any]]:
    told = {
        "type": "Subscription",
        "entities": [{"type": "Shelter"}],
        "notification": {"endpoint": {"uri": url, "accept": "application/json"}},
    }
    return "/ngsi-ld/v1/subscriptions", told


async def test_nobody_has_the_broker_call_the_inside(api: httpx.AsyncClient) -> None:
    """A name that only resolves to the inside is refused when it is called, at the latest."""
    for url in INSIDE:
        for path, body in (webhook(url), subscription(url)):
            answer = await api.post(path, json=body)
            if answer.status_code == 201:
                assert not await _delivers(url), url
            else:
                assert 400 <= answer.status_code < 500, (path, url)


async def _delivers(url: str) -> bool:
    sender = Sender(Guard())
    answer = await sender.send(Request(url, b"", {}, timeout=2))
    await sender.close()
    return not answer.error.startswith(("not called", "no connection"))


@pytest.mark.parametrize("url", INSIDE)
async def test_a_context_is_not_fetched_from_the_inside(url: str) -> None:
    with pytest.raises(LdContextNotAvailable):
        await ContextFetcher(Guard(), seconds=2)(url)


@pytest.mark.parametrize(
    "address", [METADATA, "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "224.0.0.1",
                f"::ffff:{METADATA}", "2002:a9fe:a9fe::"],
)  # fmt: skip
async def test_a_document_is_not_fetched_where_machines_keep_their_credentials(
    address: str,
) -> None:
    """APIs live inside, so private addresses may be attached; by operators, and not these."""
    called: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        called.append(request)
        return httpx.Response(200)

    async def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.7", address]  # one good address does not help

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    fetcher = Fetcher(http, resolve)
    with pytest.raises(Unreachable):
        await fetcher.fetch("http://api.example/openapi.json")
    await fetcher.close()
    assert called == []
