"""Asking every process for its metrics: off everybody's way, bounded, none waiting for another.

A process that is slow is waited for on its own; it is asked again when it has answered. What came
while a process said nothing counts when it answers again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Final

import httpx

from gateway.control.live.exposition import Reader, Reading, together
from gateway.control.live.families import Key, Kind
from gateway.control.live.increments import Increments
from gateway.control.live.targets import Resolve, Target, resolve

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 64 * 1024 * 1024
TIMEOUT: Final = 5.0
"""Seconds that a process has for its whole answer."""
PATIENCE: Final = 1.0
"""Seconds that a round waits for the slow; their answers count in a later one."""
_AT_ONCE: Final = 32

Ask = Callable[[str, int], Awaitable[str]]
"""The text at ``/metrics`` of an address; raises OSError, ValueError or httpx.HTTPError."""


@dataclass(slots=True)
class Instance:
    """One process, as it is known.

    Attributes:
        heard: when it last answered, or was first seen; on the monotonic clock.
        took: seconds that its last answer took.
        error: why it did not answer; empty when it did.
    """

    part: str
    address: str
    port: int
    heard: float
    took: float = 0.0
    error: str = ""
    reading: Reading = field(default_factory=Reading)
    increments: Increments = field(default_factory=Increments)


class Gatherer:
    """Args:
    targets: whom to ask.
    own: what this very process says, which need not be asked over the network.
    ask, resolve, clock: replaceable in tests.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        own: Callable[[], Awaitable[str]] | None = None,
        *,
        ask: Ask | None = None,
        resolve: Resolve = resolve,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._targets = tuple(targets)
        self._own = own
        self._http = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        self._ask = ask or self._get
        self._resolve, self._clock = resolve, clock
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._fresh: dict[Key, float] = {}
        self.instances: dict[tuple[str, str], Instance] = {}
        self.lost: dict[str, str] = {}
        """Parts of which no process can be found, with why."""
        self.reader = Reader()

    async def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        await self._http.aclose()

    async def round(self) -> Mapping[Key, float]:
        """Ask everybody; what was counted since the round before."""
        await self._find()
        for key, instance in self.instances.items():
            if key not in self._asking:
                task = asyncio.create_task(self._hear(instance))
                self._asking[key] = task
                task.add_done_callback(partial(self._heard, key))
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=PATIENCE)
        fresh, self._fresh = self._fresh, {}
        return fresh

    def _heard(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        self._asking.pop(key, None)

    def levels(self) -> dict[Key, float]:
        """All gauges as last told; those of a process that has gone silent are gone with it."""
        found: dict[Key, tuple[Kind, float]] = {}
        for instance in self.instances.values():
            for key, (kind, value) in {} if instance.error else instance.reading.levels.items():
                found[key] = (kind, together(kind, found.get(key), value))
        return {key: value for key, (_, value) in found.items()}

    async def _find(self) -> None:
        """The processes that there are now; one whose address is gone is forgotten."""
        there: dict[tuple[str, str], int] = {}
        if self._own is not None:
            there["control", ""] = 0
        for target in self._targets:
            try:
                addresses = await self._resolve(target.host, target.port)
                self.lost.pop(target.part, None)
            except OSError as error:
                self.lost[target.part] = f"{target.host} is not known: {error.strerror or error}"
                continue
            there |= {(target.part, address): target.port for address in addresses}
        for key in self.instances.keys() - there.keys():
            del self.instances[key]
        for key, port in there.items():
            if key not in self.instances:
                self.instances[key] = Instance(*key, port, self._clock())

    async def _hear(self, instance: Instance) -> None:
        try:
            async with self._room:
                began = self._clock()
                text = await self._text(instance)
                instance.took = self._clock() - began
            reading = await asyncio.to_thread(self.reader.read, text)
        except Exception as error:  # whatever a process fails with, the others go on
            instance.error = str(error)[:200] or type(error).__name__
            return
        instance.heard, instance.error, instance.reading = self._clock(), "", reading
        for key, value in instance.increments.of(reading).items():
            self._fresh[key] = self._fresh.get(key, 0.0) + value

    async def _text(self, instance: Instance) -> str:
        async with asyncio.timeout(TIMEOUT):
            if not instance.address and self._own is not None:
                return await self._own()
            return await self._ask(instance.address, instance.port)

    async def _get(self, address: str, port: int) -> str:
        host = f"[{address}]" if ":" in address else address
        body = bytearray()
        async with self._http.stream("GET", f"http://{host}:{port}/metrics") as answer:
            answer.raise_for_status()
            with suppress(httpx.StreamConsumed):
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise ValueError(f"more than {MOST_BYTES} bytes")
        return body.decode("utf-8", "replace")
