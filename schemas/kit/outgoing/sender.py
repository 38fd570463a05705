"""One HTTP request to a receiver: bounded in time and in what it reads, and never redirected."""

from __future__ import annotations

import asyncio
import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from schemas.kit.outgoing.connection import Broken, Connection, NotHttp, Reply, request_bytes
from schemas.kit.outgoing.guard import Guard, Refused
from schemas.kit.outgoing.model import MOST_TIMEOUT, Request
from schemas.kit.outgoing.pool import Pool
from schemas.kit.outgoing.schedule import RETRY_AFTER_MOST, Answer


class Sender:
    """The HTTP client for receivers.

    Args:
        tls: whom to trust; the system's authorities without it.
    """

    def __init__(self, guard: Guard, *, tls: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._pool = Pool(guard, tls)

    async def send(self, request: Request, *, whole: bool = False) -> Answer:
        """Send it, and say what came of it; a failure is an answer too, never an exception.

        Args:
            whole: wait for the answer's body, up to 64 KiB of it.
        """
        started = time.monotonic()
        try:
            async with asyncio.timeout(min(request.timeout, MOST_TIMEOUT)):
                url = self._guard.check_url(request.url)
                reply = await self._exchange(request, url, whole)
        except TimeoutError:
            error = "no answer in time"
        except Refused as refused:
            error = f"not called: {refused}"
        except NotHttp as wrong:
            error = str(wrong)
        except Broken:
            error = "the connection broke"
        except ssl.SSLCertVerificationError as untrusted:
            error = f"its certificate is not trusted: {untrusted.verify_message}"
        except ssl.SSLError:
            error = "no TLS connection"
        except OSError:
            error = "no connection"
        else:
            return _answer(reply, time.monotonic() - started)
        return Answer(0, time.monotonic() - started, error)

    async def _exchange(self, request: Request, url: httpx.URL, whole: bool) -> Reply:
        host = url.netloc.decode()
        data = request_bytes(request.method, url.raw_path, host, request.headers, request.body)
        connection = await self._pool.take(url)
        try:
            return await self._on(connection, url, data, whole)
        except Broken:
            if not connection.is_used:
                raise
        # the receiver closed it while nobody looked: nothing is known to be wrong with it
        return await self._on(await self._pool.take(url, fresh=True), url, data, whole)

    async def _on(self, connection: Connection, url: httpx.URL, data: bytes, whole: bool) -> Reply:
        kept = False
        try:
            reply = await connection.exchange(data, whole=whole)
            kept = reply.is_whole and reply.keep_alive
        finally:
            if not kept:
                connection.close()
        if kept:
            self._pool.keep(url, connection)
        return reply

    async def close(self) -> None:
        self._pool.close()


def _answer(reply: Reply, seconds: float) -> Answer:
    return Answer(
        reply.status,
        seconds,
        _error(reply.status),
        _retry_after(reply.headers.get("retry-after", "").strip()),
        bytes(reply.body),
        reply.headers,
    )


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
