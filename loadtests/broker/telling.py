"""How soon somebody is told: from the moment of the request until it is there."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import orjson

from loadtests.broker.receivers import receiving

KEY: Final = "load-test-key-that-nobody-else-need-know"
"""The broker's gateway key: the driver stands where the gateway does."""

TYPE: Final = "city.loadtest.thing.moved"
_SCOPES: Final = "events:read events:publish events:register entities:read entities:write"
_GAP_SECONDS: Final = 0.05
"""Between two changes on average; they come at random (a Poisson process), one is seldom two."""

_PATIENCE: Final = 60.0
_WARM: Final = 3
_numbers = itertools.count()  # never one twice: what comes late is of another measurement
_A_CLIENT_HAS_AT_MOST: Final = 50
_VEHICLE: Final = "urn:ngsi-ld:Vehicle:told"


@dataclass
class Ear:
    """Notes when each number reached each receiver first."""

    heard: dict[int, dict[int, float]] = field(default_factory=dict)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, receiver: int, number: int, at: float) -> None:
        self.heard.setdefault(number, {}).setdefault(receiver, at)
        self._more.set()

    async def until(self, number: int, receivers: int) -> float:
        """When ``number`` had reached so many."""
        async with asyncio.timeout(_PATIENCE):
            while len(self.heard.get(number, ())) < receivers:
                self._more.clear()
                await self._more.wait()
        return max(self.heard[number].values())


Say = Callable[[httpx.AsyncClient, int], Awaitable[httpx.Response]]
"""Publishes something with a number in it."""


@dataclass(frozen=True)
class Telling:
    """One way to be told.

    Attributes:
        hearing: has ``receivers`` of them listen, and notes what they hear.
        times: how often it is measured.
    """

    name: str
    does: str
    say: Say
    hearing: Callable[[str, int, Ear], Any]
    receivers: int = 1
    times: int = 200


def tellings() -> list[Telling]:
    """All that are measured."""
    return [
        Telling("stream", "event to a stream", say_event, streaming),
        Telling("webhook", "event to a webhook", say_event, hooked),
        Telling("webhook-50", "event to the last of 50", say_event, hooked, 50, 40),
        Telling("notify", "change to a subscriber", say_change, subscribed),
        Telling("notify-1000", "change to the last of 1,000", say_change, subscribed, 1000, 8),
    ]


async def measured(url: str, telling: Telling) -> dict[str, float]:
    """Milliseconds until all are told, of each time."""
    ear, found = Ear(), []
    chance = random.Random(7)
    async with telling.hearing(url, telling.receivers, ear), party(url) as http:
        for _ in range(_WARM + telling.times):
            number = next(_numbers)
            started = time.monotonic()
            answer = await telling.say(http, number)
            if answer.is_error:
                raise RuntimeError(answer.text)
            found.append(await ear.until(number, telling.receivers) - started)
            await asyncio.sleep(chance.expovariate(1 / _GAP_SECONDS))
    took = sorted(1000 * one for one in found[_WARM:])
    return {"p50_ms": _share(took, 0.5), "p99_ms": _share(took, 0.99), "most_ms": took[-1]}


def _share(took: list[float], part: float) -> float:
    return took[min(len(took) - 1, int(part * len(took)))]


def party(url: str, client: str = "load") -> httpx.AsyncClient:
    """A client as the gateway presents it."""
    identity = {"x-city-gateway-key": KEY, "x-city-client": client, "x-city-scope": _SCOPES}
    return httpx.AsyncClient(base_url=url, headers=identity, timeout=_PATIENCE)


async def say_event(http: httpx.AsyncClient, number: int) -> httpx.Response:
    event = {
        "specversion": "1.0", "id": f"{time.time_ns()}", "source": "/loadtests", "type": TYPE,
        "time": datetime.now(UTC).isoformat(), "subject": "thing",
        "data": {"number": number},
    }  # fmt: skip
    kind = {"content-type": "application/cloudevents+json"}
    return await http.post("/events/v1/events", content=orjson.dumps(event), headers=kind)


async def say_change(http: httpx.AsyncClient, number: int) -> httpx.Response:
    entity = {"id": _VEHICLE, "type": "ToldVehicle", "n": {"type": "Property", "value": number}}
    return await http.post("/ngsi-ld/v1/entityOperations/upsert?options=update", json=[entity])


async def know_type(url: str) -> None:
    """Have the type of the events registered."""
    number = {"type": "object", "properties": {"number": {"type": "integer"}}}
    wish = {"schema": number, "description": "A thing moved.", "legalClass": "open"}
    async with party(url) as http:
        (await http.post(f"/schemas/v1/{TYPE}/versions", json=wish)).raise_for_status()


@asynccontextmanager
async def streaming(url: str, _: int, ear: Ear) -> AsyncIterator[None]:
    """A reader of the event stream."""
    opened = asyncio.Event()

    async def read() -> None:
        asked = {"types": TYPE}
        async with party(url) as http, http.stream("GET", "/events/v1/stream", params=asked) as got:
            async for line in got.aiter_lines():
                opened.set()
                if line.startswith("data: "):
                    ear.note(0, orjson.loads(line[6:])["data"]["number"], time.monotonic())

    reading = asyncio.create_task(read())
    try:
        await opened.wait()
        yield
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


@asynccontextmanager
async def hooked(url: str, count: int, ear: Ear) -> AsyncIterator[None]:
    """Webhooks, verified; each of a receiver of its own."""

    def heard(receiver: int, body: bytes, at: float) -> None:
        ear.note(receiver, orjson.loads(body)["data"]["number"], at)

    async with receiving(count, heard) as urls, AsyncExitStack() as stack:
        for start in range(0, count, _A_CLIENT_HAS_AT_MOST):
            http = await stack.enter_async_context(party(url, f"load-{start}"))
            for one in urls[start : start + _A_CLIENT_HAS_AT_MOST]:
                stack.push_async_callback(http.delete, await _hook(http, one))
        yield


async def _hook(http: httpx.AsyncClient, receiver: str) -> str:
    made = await http.post("/events/v1/webhooks", json={"url": receiver, "types": [TYPE]})
    made.raise_for_status()
    path = made.headers["location"]
    (await http.post(f"{path}/verify", json={"method": "handshake"})).raise_for_status()
    return str(path)


@asynccontextmanager
async def subscribed(url: str, count: int, ear: Ear) -> AsyncIterator[None]:
    """Subscriptions to one type of entity; each of a receiver of its own."""

    def heard(receiver: int, body: bytes, at: float) -> None:
        ear.note(receiver, orjson.loads(body)["data"][0]["n"]["value"], at)

    async with receiving(count, heard) as urls, party(url) as http, AsyncExitStack() as stack:
        for one in urls:
            wish = {
                "type": "Subscription", "entities": [{"type": "ToldVehicle"}],
                "notification": {"endpoint": {"uri": one, "accept": "application/json"}},
            }  # fmt: skip
            made = await http.post("/ngsi-ld/v1/subscriptions", json=wish)
            made.raise_for_status()
            stack.push_async_callback(http.delete, made.headers["location"])
        yield
