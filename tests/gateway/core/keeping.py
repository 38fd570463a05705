"""A city with a route whose answers are kept, and an upstream that answers as it is told."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.core.bounds import Bounds
from schemas.policy import Rate
from tests.gateway.core.city import (
    PLENTY,
    Api,
    Gateway,
    Reply,
    api,
    gateway,
    read_request,
    route,
    snapshot,
)

KEPT = [
    route("/shelters", access="open", cache={}, dataset="shelters"),
    route("/shelters", "POST", access="open", dataset="shelters"),
    route("/shelters/{id}", access="open", cache={}, dataset="shelters"),
    route("/alerts", access="open", cache={}, dataset="alerts"),
    route("/plain", access="open"),
    route("/stops", cache={}, dataset="stops"),
]


def answer(
    control: str = "max-age=60", body: bytes = b"kept", *fields: str, status: int = 200
) -> bytes:
    """An answer of the API's."""
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", *fields]
    if control:
        lines.append(f"cache-control: {control}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Script:
    """What the upstream says: the answers in turn, the last one again and again."""

    answers: list[bytes] = field(default_factory=list)
    asked: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """What is read waits for it; changes do not."""
    choose: Callable[[bytes], bytes] | None = None
    """The answer to a request's head, instead of the next in turn."""

    async def handle(self, behind: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            head = await read_request(behind, reader)
            self.asked += 1
            if head.startswith(b"GET"):
                await self.gate.wait()
            if self.choose is not None:
                said = self.choose(head)
            else:
                said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if not said:  # no answer: the connection breaks
                writer.transport.abort()
                return
            writer.write(said)
            await writer.drain()
            if said.startswith(b"HTTP/1.0"):
                return


@dataclass
class Keeping:
    city: Gateway
    behind: Api
    script: Script

    async def get(self, path: str = "/shelters", *fields: str, **more: Any) -> Reply:
        return await self.city.get(path, more.pop("bearer", ""), *fields, **more)

    def outcome(self, name: str) -> int:
        told = self.city.core.telemetry.as_json()["series"]
        return sum(stats["cache"].get(name, 0) for _, _, stats in told)


@asynccontextmanager
async def keeping(
    *answers: bytes,
    held: bool = False,
    rate: Rate = PLENTY,
    access_log: str = "",
    **bounds: Any,
) -> AsyncIterator[Keeping]:
    """A core with kept routes before an upstream that says ``answers``.

    Args:
        held: the upstream answers nothing before ``script.gate`` is set.
        rate: for each address.
        bounds: members of :class:`gateway.core.bounds.Bounds`.
    """
    script = Script(list(answers) or [answer()])
    if not held:
        script.gate.set()
    limits = Bounds(tick=0.02, linger=0.5, **bounds)
    async with (
        api(script.handle) as behind,
        gateway(
            snapshot(behind.port, routes=KEPT, open_rate=rate), bounds=limits, access_log=access_log
        ) as city,
    ):
        yield Keeping(city, behind, script)
        script.gate.set()
