"""One HTTP request to a receiver: bounded in time and in what it reads, and never redirected."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpcore
import httpx

from services.broker.delivery.guard import Guard, GuardedNetwork, Refused
from services.broker.delivery.model import MOST_TIMEOUT, Request
from services.broker.delivery.schedule import RETRY_AFTER_MOST, Answer

MOST_CONNECTIONS: Final = 600
MOST_ANSWER_BYTES: Final = 65_536
_REST_SECONDS: Final = 1.0
"""For the rest of an answer whose head has said all: read only to use the connection again."""

_FAILURES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (httpcore.ConnectTimeout, "no connection in time"),
    (httpcore.ConnectError, "no connection"),
    (httpcore.TimeoutException, "no answer in time"),
    (httpcore.RemoteProtocolError, "the answer is not HTTP"),
    (httpcore.LocalProtocolError, "the request cannot be said in HTTP"),
    (httpcore.NetworkError, "the connection broke"),
    (OSError, "the connection broke"),
)
_KINDS: Final = tuple(kind for kind, _ in _FAILURES)


class Sender:
    """The broker's HTTP client for receivers.

    httpcore and not httpx: redirects, cookies, proxies from the environment and decoding are not
    there at all, instead of being turned off; and it takes half the time.

    Args:
        tls: whom to trust; the system's authorities without it.
    """

    def __init__(self, guard: Guard, *, tls: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._tls = tls
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}

    async def send(self, request: Request, *, whole: bool = False) -> Answer:
        """Send it, and say what came of it; a failure is an answer too, never an exception.

        Args:
            whole: wait for the answer's body, up to 64 KiB of it.
        """
        started = time.monotonic()
        try:
            async with asyncio.timeout(min(request.timeout, MOST_TIMEOUT)):
                url = self._guard.check_url(request.url)
                return await self._send(request, url, whole, started)
        except TimeoutError:
            error = "no answer in time"
        except Refused as refused:
            error = f"not called: {refused}"
        except _KINDS as failure:
            error = _in_words(failure)
        return Answer(0, time.monotonic() - started, error)

    async def _send(self, request: Request, url: httpx.URL, whole: bool, started: float) -> Answer:
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
        pool = self._pool(url.scheme)
        limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), request.timeout)}
        async with pool.stream(
            request.method, target, headers=headers, content=request.body, extensions=limits
        ) as response:
            body = await _body(response, whole)
        found = {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in response.headers}
        return Answer(
            response.status,
            time.monotonic() - started,
            _error(response.status),
            _retry_after(found.get("retry-after", "").strip()),
            body,
            found,
        )

    def _pool(self, scheme: str) -> httpcore.AsyncConnectionPool:
        found = self._pools.get(scheme)
        if found is None:
            found = self._pools[scheme] = httpcore.AsyncConnectionPool(
                ssl_context=self._tls or ssl.create_default_context(),
                max_connections=MOST_CONNECTIONS,
                max_keepalive_connections=MOST_CONNECTIONS,
                keepalive_expiry=30.0,
                network_backend=GuardedNetwork(self._guard, plain=scheme == "http"),
            )
        return found

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()


async def _body(response: httpcore.Response, whole: bool) -> bytes:
    """The start of the body; the connection is given up when there is more, or it is slow."""
    parts: list[bytes] = []
    size = 0
    with suppress(TimeoutError, httpcore.NetworkError, httpcore.RemoteProtocolError):
        async with asyncio.timeout(None if whole else _REST_SECONDS):
            async for part in response.aiter_stream():
                parts.append(part[: MOST_ANSWER_BYTES - size])
                size += len(part)
                if size >= MOST_ANSWER_BYTES:
                    break
    return b"".join(parts)


def _in_words(failure: Exception) -> str:
    if isinstance(failure.__cause__, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {failure.__cause__.verify_message}"
    if isinstance(failure.__cause__, ssl.SSLError):
        return "no TLS connection"
    return next(text for kind, text in _FAILURES if isinstance(failure, kind))


def _error(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"it answered {status}; redirects are not followed"
    return f"it answered {status}"


def _retry_after(text: str) -> float:
    """Seconds in a ``Retry-After`` field (RFC 9110 §10.2.3), a day at most; 0 without one."""
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), RETRY_AFTER_MOST)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), RETRY_AFTER_MOST)
