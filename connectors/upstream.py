"""HTTP to a data holder: a deadline, a few tries, a breaker, and no byte twice.

A holder that is slow or down must cost the city little: each fetch has one deadline over all its
tries, and after several failures in a row the holder is left alone for a while.
"""

from __future__ import annotations

import asyncio
import random
import time

import httpx

from schemas.kit.trust import trusted
from schemas.problem import TooLarge, Unavailable

_TRIES = 3
_FAILURES_TO_OPEN = 5
_REST = 30.0  # seconds that a failing holder is left alone


class DataHolder:
    """One data holder's server.

    Args:
        deadline: seconds for a fetch, over all its tries.
        limit: most bytes of an answer.
        http: a client to use instead of one's own (tests).
    """

    def __init__(
        self, *, deadline: float = 20.0, limit: int, http: httpx.AsyncClient | None = None
    ) -> None:
        self._deadline, self._limit = deadline, limit
        self._http = http or httpx.AsyncClient(
            timeout=deadline, follow_redirects=False, verify=trusted()
        )
        self._etags: dict[str, str] = {}
        self._failures = 0
        self._rest_until = 0.0

    @property
    def rests(self) -> bool:
        """Whether it is being left alone."""
        return time.monotonic() < self._rest_until

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, url: str) -> bytes | None:
        """The body at ``url``; None when the holder says it has not changed (304).

        Raises:
            Unavailable: no good answer within the deadline, or the holder is being left alone.
            TooLarge: the answer is larger than the limit.
        """
        if self.rests:
            raise Unavailable(f"{url} failed {self._failures} times in a row; trying again soon.")
        try:
            async with asyncio.timeout(self._deadline):
                body = await self._try(url)
        except (TimeoutError, httpx.HTTPError) as error:
            self._failures += 1
            if self._failures >= _FAILURES_TO_OPEN:
                self._rest_until = time.monotonic() + _REST
            raise Unavailable(f"{url} did not answer well: {_reason(error)}.") from error
        self._failures = 0
        return body

    async def _try(self, url: str) -> bytes | None:
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._once(url)
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                lasting = isinstance(error, httpx.HTTPStatusError) and not _worth_retrying(error)
                if lasting or attempt == _TRIES:
                    raise
            await asyncio.sleep(random.uniform(0.5, 1.0) * 0.2 * 2**attempt)  # noqa: S311
        return None

    async def _once(self, url: str) -> bytes | None:
        known = self._etags.get(url)
        headers = {"if-none-match": known} if known else {}
        async with self._http.stream("GET", url, headers=headers) as answer:
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return None
            answer.raise_for_status()
            body = await self._read(answer, url)
        if "etag" in answer.headers:
            self._etags[url] = answer.headers["etag"]
        return body

    async def _read(self, answer: httpx.Response, url: str) -> bytes:
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > self._limit:
                raise TooLarge(f"{url} has more than {self._limit} bytes.")
        return bytes(body)


def _worth_retrying(error: httpx.HTTPStatusError) -> bool:
    return error.response.status_code >= 500 or error.response.status_code == 429


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"status {error.response.status_code}"
    return type(error).__name__
