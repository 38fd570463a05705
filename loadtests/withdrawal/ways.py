"""The ways on which a resident's data leaves: each notes when it last did."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx

from loadtests.broker.receivers import receiving
from loadtests.withdrawal.place import FETCHED, Place

TYPE: Final = "city.administration.filing.decided"
_READ_EVERY: Final = 0.02

Headers = dict[str, str]


class Way:
    """One way out.

    Attributes:
        count: how often something personal came on it.
        last: when it last did, by ``time.monotonic``.
    """

    def __init__(self, name: str) -> None:
        self.name, self.count, self.last = name, 0, 0.0

    def came(self, times: int = 1) -> None:
        self.count += times
        self.last = time.monotonic()


async def read(place: Place, http: httpx.AsyncClient, headers: Headers, way: Way) -> None:
    """Personal reads, one after the other, for as long as they are answered."""
    while (await http.get(place.url + FETCHED, headers=headers)).status_code == 200:
        way.came()
        await asyncio.sleep(_READ_EVERY)


async def stream(place: Place, http: httpx.AsyncClient, headers: Headers, way: Way) -> None:
    """An event stream, opened again for as long as that is allowed."""
    url = f"{place.url}/events/v1/stream"
    while True:
        with suppress(httpx.TransportError):  # cut
            async with http.stream("GET", url, params={"types": TYPE}, headers=headers) as answer:
                if answer.status_code != 200:
                    return
                async for line in answer.aiter_lines():
                    if line.startswith("data: "):
                        way.came()


async def group(place: Place, http: httpx.AsyncClient, headers: Headers, way: Way) -> None:
    """A consumer group that fetches, and waits when there is nothing."""
    url = f"{place.url}/events/v1/groups/withdrawal"
    asked: dict[str, Any] = {"types": [TYPE], "waitSeconds": 5, "start": "now"}
    while True:
        with suppress(httpx.TransportError):
            fetched = await http.post(f"{url}/fetch", json=asked, headers=headers)
            if fetched.status_code != 200:
                return
            found = fetched.json()
            if found["events"]:
                way.came(len(found["events"]))
                cursor = {"cursor": found["cursor"]}
                await http.post(f"{url}/commit", json=cursor, headers=headers)


@asynccontextmanager
async def webhook(
    place: Place, http: httpx.AsyncClient, headers: Headers, way: Way
) -> AsyncIterator[None]:
    """A webhook at a receiver in this process."""

    def heard(number: int, body: bytes, at: float) -> None:
        way.came()

    async with receiving(1, heard) as (url,):
        made = await http.post(
            f"{place.url}/events/v1/webhooks", json={"url": url, "types": [TYPE]}, headers=headers
        )
        made.raise_for_status()
        verify = f"{place.url}{made.headers['location']}/verify"
        verified = await http.post(verify, json={"method": "handshake"}, headers=headers)
        verified.raise_for_status()
        yield


Follow = Callable[[Place, httpx.AsyncClient, Headers, Way], Coroutine[Any, Any, None]]

FOLLOWED: Final[dict[str, Follow]] = {"read": read, "stream": stream, "group": group}
"""Besides the webhook: each returns when it is refused."""
