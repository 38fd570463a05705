"""Following the broker, as the control plane's own client, while somebody looks at the map.

The stream is opened first and then everything is read, so that nothing falls between; when the
stream ends (its token does, every hour) both are done again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any, Final

import httpx
import orjson

from gateway.control.citymap.city import CityMap
from gateway.control.citymap.things import TYPES
from schemas.context import ENTITY_CHANGED
from schemas.kit.client import CityClient
from schemas.kit.trust import trusted

logger = logging.getLogger(__name__)

STREAM: Final = f"/events/v1/stream?types={ENTITY_CHANGED}"
ENTITIES: Final = "/ngsi-ld/v1/entities"
LINGER: Final = 30.0
"""Seconds for which the city is still followed when nobody looks any more."""
_PAUSE: Final = 2.0
_PAGE: Final = 500
_MOST_PAGES: Final = 40
_SILENCE: Final = 40.0
"""Seconds without a byte, heartbeats too, after which a stream is taken for dead."""


class Follower:
    """Keeps ``city`` up to date while somebody looks.

    Args:
        gateway_url: the open API.
        client: by which the control plane is known there.
    """

    def __init__(self, city: CityMap, gateway_url: str, client: CityClient) -> None:
        self._city, self._client = city, client
        timeout = httpx.Timeout(10.0, read=_SILENCE)
        self._http = httpx.AsyncClient(base_url=gateway_url, timeout=timeout, verify=trusted())
        self._wanted = asyncio.Event()
        self._until = 0.0

    async def close(self) -> None:
        await self._http.aclose()

    def want(self) -> None:
        """Somebody looks, or will in a moment."""
        self._until = asyncio.get_running_loop().time() + LINGER
        self._wanted.set()

    async def run(self) -> None:
        """Follow for ever, whenever it is wanted. Logs when it breaks and when it works again."""
        failing = False
        while True:
            await self._wanted.wait()
            try:
                async with asyncio.TaskGroup() as group:
                    following = group.create_task(self._follow())
                    group.create_task(self._until_unwanted(following))
            except* (httpx.HTTPError, ValueError, KeyError) as errors:
                if not failing:
                    logger.warning("the map does not follow the city: %r", errors.exceptions[0])
                failing = True
            else:
                failing = False
            finally:
                self._city.lose()
            await asyncio.sleep(_PAUSE)

    async def _until_unwanted(self, following: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        while not following.done():
            if self._city.watchers:
                self.want()
            elif loop.time() >= self._until:
                self._wanted.clear()
                following.cancel()
                return
            await asyncio.wait((following,), timeout=1.0)

    async def _follow(self) -> None:
        token = await self._client.token()
        headers = {"authorization": f"Bearer {token}"}
        with suppress(httpx.RemoteProtocolError):  # a stream that ends in the middle has ended
            async with self._http.stream("GET", STREAM, headers=headers) as answer:
                answer.raise_for_status()
                self._city.replace(await self._all())
                async for data in _events(answer):
                    self._city.change(data)

    async def _all(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for kind in TYPES:
            for page in range(_MOST_PAGES):
                some = await self._client.get(
                    ENTITIES, type=kind, options="keyValues", limit=_PAGE, offset=page * _PAGE
                )
                found += some
                if len(some) < _PAGE:
                    break
        return found


async def _events(answer: httpx.Response) -> AsyncIterator[Mapping[str, Any]]:
    """The data of each event of a stream of CloudEvents."""
    async for text in answer.aiter_lines():
        if text.startswith("data:"):
            event = orjson.loads(text.removeprefix("data:"))
            data = event.get("data") if isinstance(event, dict) else None
            if isinstance(data, dict):
                yield data
