from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import pytest

from services.broker.context.errors import BadRequestData, LdContextNotAvailable
from services.broker.context.ld import documents as module
from services.broker.context.ld.documents import BAD_SECONDS, Documents, Fetched
from services.broker.context.ld.freshness import MOST_SECONDS, USUAL_SECONDS, lifetime

URL = "https://contexts.example/a"


class Server:
    """One that can be told what to answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.body: bytes | None = b'{"@context": {"a": "https://e.org/a"}}'
        self.now = 1000.0
        self.documents = Documents(self.fetch, clock=lambda: self.now)

    async def fetch(self, url: str) -> Fetched:
        self.asked += 1
        await asyncio.sleep(0)
        if self.body is None:
            raise LdContextNotAvailable(f"{url} is away.")
        return Fetched(self.body, 60.0)


async def test_many_who_ask_at_once_have_it_fetched_once() -> None:
    server = Server()
    found = await asyncio.gather(*(server.documents.fetch(URL) for _ in range(20)))
    assert server.asked == 1
    assert {id(document) for document in found} == {id(found[0])}


async def test_one_who_gives_up_takes_it_from_nobody() -> None:
    server = Server()
    first = asyncio.create_task(server.documents.fetch(URL))
    second = asyncio.create_task(server.documents.fetch(URL))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).content == {"a": "https://e.org/a"}


async def test_it_is_kept_for_its_lifetime() -> None:
    server = Server()
    await server.documents.fetch(URL)
    server.now += 59
    assert server.documents.kept(URL)
    server.now += 2
    assert server.documents.kept(URL) is None


async def test_a_bad_one_is_remembered_for_a_while() -> None:
    server = Server()
    server.body = None
    with pytest.raises(LdContextNotAvailable):
        await server.documents.fetch(URL)
    with pytest.raises(LdContextNotAvailable):
        server.documents.kept(URL)
    server.now += BAD_SECONDS + 1
    assert server.documents.kept(URL) is None


async def test_a_good_one_is_not_forgotten_for_a_bad_answer() -> None:
    server = Server()
    await server.documents.fetch(URL)
    server.body = b"no json"
    with pytest.raises(BadRequestData):
        await server.documents.fetch(URL)
    assert server.documents.kept(URL)


async def test_no_more_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 3)
    server = Server()
    for number in range(5):
        await server.documents.fetch(f"{URL}/{number}")
    kept = [number for number in range(5) if server.documents.kept(f"{URL}/{number}")]
    assert kept == [2, 3, 4]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, USUAL_SECONDS),
        ({"cache-control": "max-age=60"}, 60),
        ({"cache-control": "public, s-maxage=30, max-age=60"}, 30),
        ({"cache-control": 'Max-Age="90"'}, 90),
        ({"cache-control": "max-age=60", "age": "20"}, 40),
        ({"cache-control": "max-age=60", "expires": "0"}, 60),
        ({"cache-control": "no-store"}, 1),
        ({"cache-control": "no-cache, max-age=60"}, 1),
        ({"cache-control": "max-age=0"}, 1),
        ({"cache-control": "max-age=99999999999999999"}, MOST_SECONDS),
        ({"cache-control": "max-age=-1"}, USUAL_SECONDS),
        ({"expires": "0"}, 1),
        ({"expires": formatdate(2_000_000_060), "date": formatdate(2_000_000_000)}, 60),
        ({"expires": formatdate(0)}, 1),
    ],
)
def test_a_lifetime_is_what_the_server_says(headers: dict[str, str], seconds: float) -> None:
    """§6.3.16; RFC 9111 §4.2.1."""
    assert lifetime(headers) == seconds


def test_an_expiry_without_a_date_counts_from_now() -> None:
    assert lifetime({"expires": formatdate(time.time() + 600)}) == pytest.approx(600, abs=30)
