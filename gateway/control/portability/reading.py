"""Reading a resident's own data at data holders, through the gateway like anybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlencode, urlsplit

import httpx
import orjson

from gateway.control.portability.sources import Source

MOST_BYTES: Final = 16 * 1_048_576
"""Of one source."""
MOST_PAGES: Final = 200
SECONDS: Final = 15.0
"""For all pages of one source: one that is slow must not keep the rest from the resident."""
AT_ONCE: Final = 4

State = Literal["whole", "cut", "nothing", "refused", "silent"]
"""``cut``: longer than what is taken; ``nothing``: the holder knows nobody by this resident's name;
``refused``: as by a holder that demands a stronger sign-in; ``silent``: no answer that can be used.
"""


@dataclass(frozen=True, slots=True)
class Read:
    """What came of one source.

    Attributes:
        pages: JSON documents, each as the holder sent it.
    """

    source: Source
    state: State
    pages: tuple[bytes, ...] = ()

    @property
    def content(self) -> bytes:
        """One JSON document: the page, or an array of several."""
        return self.pages[0] if len(self.pages) == 1 else b"[" + b",\n".join(self.pages) + b"]"


async def read_all(
    http: httpx.AsyncClient, token: str, sources: Sequence[Source]
) -> AsyncIterator[Read]:
    """Each source as it is done, none failing the others."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def read_one(source: Source) -> Read:
        async with gate:
            return await _read(http, token, source)

    tasks = [asyncio.create_task(read_one(source)) for source in sources]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(http: httpx.AsyncClient, token: str, source: Source) -> Read:
    pages: list[bytes] = []
    state: State = "whole"
    try:
        async with asyncio.timeout(SECONDS):
            url, left = source.path, MOST_BYTES
            while url:
                status, page = await _get(http, token, url, left)
                if status != httpx.codes.OK:
                    return Read(source, "cut" if pages else _why(status), tuple(pages))
                url = _following(source.path, orjson.loads(page))
                pages.append(page)
                left -= len(page)
                if url and len(pages) == MOST_PAGES:
                    state, url = "cut", ""
    except (httpx.HTTPError, TimeoutError, ValueError):
        state = "cut" if pages else "silent"
    return Read(source, state, tuple(pages))


def _why(status: int) -> State:
    if status == httpx.codes.NOT_FOUND:
        return "nothing"
    return "refused" if status in {401, 403} else "silent"


async def _get(http: httpx.AsyncClient, token: str, url: str, most: int) -> tuple[int, bytes]:
    """Raises:
    ValueError: the answer is longer than ``most``.
    """
    headers = {"authorization": f"Bearer {token}", "accept": "application/json, */*;q=0.5"}
    async with http.stream("GET", url, headers=headers) as answer:
        content = bytearray()
        async for piece in answer.aiter_bytes():
            content += piece
            if len(content) > most:
                raise ValueError("longer than is taken")
        return answer.status_code, bytes(content)


def _following(path: str, page: Any) -> str:
    """Where the next page is: as FHIR says it, or as the city's own lists do; empty for nowhere."""
    if not isinstance(page, dict):
        return ""
    links = page.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            parts = urlsplit(str(link.get("url", "")))
            return f"{path}?{parts.query}" if parts.path == path else ""
    total, limit, offset = (page.get(name) for name in ("total", "limit", "offset"))
    if not all(isinstance(one, int) for one in (total, limit, offset)) or not limit:
        return ""
    after = offset + limit
    return f"{path}?{urlencode({'limit': limit, 'offset': after})}" if after < total else ""
