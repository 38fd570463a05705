"""Clients that ask again and again, and look at every answer.

Each request has a number of its own in its path, and each client a name: the answer must repeat
both (:mod:`tests.journeys.small_city`). Anything else that is not a problem document is *wrong*.
What fails is counted by its reason.

==============  ================================================================================
reason          what happened
==============  ================================================================================
``broken``      the connection ended between the request and the end of its answer
``silent``      there was no answer in 10 s
``unheard``     the connection could not be made, although there was somebody to make it to
a problem type  the gateway refused it, such as ``upstream-broken``
==============  ================================================================================
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.gateway.core.city import Raw, Reply, request, token

_numbers = itertools.count()


@dataclass
class Load:
    """What a load saw so far.

    Attributes:
        failed: requests that got no good answer, by reason.
        wrong: answers that are none, or another request's.
        refused: connections that nobody took; nothing was asked on them.
        seconds: how long each good answer took.
        sent: requests with content, as the API would write them down.
        serials: of the certificates that were shown.
    """

    clients: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    refused: int = 0
    seconds: list[float] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    serials: set[object] = field(default_factory=set)

    @property
    def good(self) -> int:
        return len(self.seconds)

    async def more(self, count: int, seconds: float = 30) -> None:
        """Wait until so many more were answered well."""
        goal = self.good + count
        async with asyncio.timeout(seconds):
            while self.good < goal:
                await asyncio.sleep(0.005)

    def quantile(self, share: float, since: int = 0) -> float:
        found = sorted(self.seconds[since:])
        return found[min(len(found) - 1, int(share * len(found)))]


class Client:
    """One application, on a connection that it keeps for a while.

    Args:
        keep: requests on one connection before it takes a new one; 0 for as many as it may.
    """

    def __init__(
        self, seen: Load, port: int, name: str, method: str = "GET", keep: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._seen, self._port, self._name, self._method = seen, port, name, method
        self._keep, self._tls = keep, tls
        self._bearer = token(client_id=name)
        self._raw: Raw | None = None
        self._asked = 0

    async def once(self) -> None:
        """One request, and its answer looked at."""
        path, began = f"/stops/{next(_numbers)}", time.monotonic()
        try:
            raw = self._raw or await self._connect()
        except ConnectionRefusedError:
            self._seen.refused += 1
            await asyncio.sleep(0.02)
            return
        except (OSError, TimeoutError):
            self._seen.failed["unheard"] += 1
            return
        body = b"pay" if self._method == "POST" else b""
        if body:
            self._seen.sent.append(f"{self._method} {path}")
        try:
            raw.writer.write(request(path, self._bearer, method=self._method, body=body))
            reply = await raw.reply()
        except (asyncio.IncompleteReadError, ConnectionError):
            self._seen.failed["broken"] += 1
            self.close()
            return
        except TimeoutError:
            self._seen.failed["silent"] += 1
            self.close()
            return
        self._judge(reply, f"{self._method} {path} {self._name}", time.monotonic() - began)
        self._asked += 1
        if reply.fields.get("connection") == "close" or self._asked == self._keep:
            self.close()

    async def _connect(self) -> Raw:
        named = "localhost" if self._tls else None
        async with asyncio.timeout(10):
            self._raw = Raw(
                *await asyncio.open_connection(
                    "127.0.0.1", self._port, ssl=self._tls, server_hostname=named
                )
            )
        self._asked = 0
        if self._tls:
            self._seen.serials.add(self._raw.writer.get_extra_info("peercert")["serialNumber"])
        return self._raw

    def _judge(self, reply: Reply, expected: str, seconds: float) -> None:
        if reply.status == 200:
            if reply.body.decode() == expected:
                self._seen.seconds.append(seconds)
            else:
                self._seen.wrong.append(f"{expected!r} was answered with {reply.body!r}")
        elif reply.fields.get("content-type") == "application/problem+json":
            self._seen.failed[reply.problem["type"].rpartition(":")[2]] += 1
        else:
            self._seen.wrong.append(f"{expected!r} was answered with {reply!r}")

    def close(self) -> None:
        if self._raw is not None:
            self._raw.writer.transport.abort()
            self._raw = None


@asynccontextmanager
async def load(
    port: int, *, reads: int = 6, fresh: int = 2, writes: int = 0, pause: float = 0.003,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Load]:  # fmt: skip
    """Clients on kept connections, clients that often take ``fresh`` ones, and writers.

    At the end each has its last answer, and none of all was wrong.
    """
    stop = asyncio.Event()
    kinds = [("GET", 0)] * reads + [("GET", 3)] * fresh + [("POST", 0)] * writes

    seen = Load(clients=len(kinds))

    async def run(client: Client) -> None:
        try:
            while not stop.is_set():
                await client.once()
                await asyncio.sleep(pause)
        finally:
            client.close()

    clients = [
        Client(seen, port, f"app-{number}", method, keep, tls)
        for number, (method, keep) in enumerate(kinds)
    ]
    tasks = [asyncio.create_task(run(client)) for client in clients]
    try:
        yield seen
    finally:
        stop.set()
        await asyncio.gather(*tasks)
    assert not seen.wrong, seen.wrong[:3]
