"""A remote context by HTTP: guarded, bounded in time and size, a few redirects followed."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final
from urllib.parse import urljoin

import httpcore

from schemas.kit.outgoing.guard import Guard, Refused
from services.broker.context.errors import LdContextNotAvailable
from services.broker.context.ld.documents import MOST_BYTES, Fetched
from services.broker.context.ld.freshness import lifetime
from services.broker.context.ld.network import GuardedNetwork
from services.broker.context.links import targets

SECONDS: Final = 5.0
MOST_REDIRECTS: Final = 3
_ACCEPT: Final = b"application/ld+json, application/json;q=0.9, */*;q=0.1"
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_JSON: Final = ("application/json", "application/ld+json")


class ContextFetcher:
    """Fetches contexts by URLs that callers chose.

    Args:
        guard: which addresses may be called.
        seconds: for one context, redirects included.
        tls: whom to trust; the system's authorities without it.
    """

    def __init__(
        self, guard: Guard, *, seconds: float = SECONDS, tls: ssl.SSLContext | None = None
    ) -> None:
        self._guard, self._seconds, self._tls = guard, seconds, tls

    async def __call__(self, url: str) -> Fetched:
        """Fetch it.

        Raises:
            LdContextNotAvailable: it cannot be had, or not from there.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url)
        except TimeoutError:
            reason = "there was no answer in time"
        except Refused as refused:
            reason = f"it is not called: {refused}"
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            reason = "the connection failed"
        except (ssl.SSLError, OSError):
            reason = "the connection failed"
        raise LdContextNotAvailable(f"The @context {url} cannot be had: {reason}.")

    async def _follow(self, url: str) -> Fetched:
        where = url
        for _ in range(MOST_REDIRECTS + 1):
            found = await self._get(where)
            if isinstance(found, Fetched):
                return found
            where = urljoin(where, found)
        raise LdContextNotAvailable(f"The @context {url} is redirected too often.")

    async def _get(self, url: str) -> Fetched | str:
        """What is there, or where it is instead."""
        target = self._guard.check_url(url)
        network = GuardedNetwork(self._guard, plain=target.scheme == "http")
        address = httpcore.URL(
            scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
        )
        if self._tls is None:  # made once: reading the authorities takes a while
            self._tls = ssl.create_default_context()
        # a pool of its own for each: contexts are fetched seldom, and kept
        async with (
            httpcore.AsyncConnectionPool(ssl_context=self._tls, network_backend=network) as pool,
            pool.stream("GET", address, headers=[(b"accept", _ACCEPT)]) as response,
        ):
            headers = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            return await _content(url, response, headers)


async def _content(url: str, response: httpcore.Response, headers: dict[str, str]) -> Fetched | str:
    if response.status in _REDIRECTS and "location" in headers:
        return headers["location"]
    if response.status != 200:
        raise LdContextNotAvailable(f"The @context {url} cannot be had: {response.status}.")
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _JSON and (instead := _alternate(headers.get("link", ""))):
        return instead
    if headers.get("content-encoding", "identity") != "identity":
        raise LdContextNotAvailable(f"The @context {url} comes compressed, unasked.")
    body = bytearray()
    async for part in response.aiter_stream():
        body += part
        if len(body) > MOST_BYTES:
            raise LdContextNotAvailable(f"The @context {url} has more than {MOST_BYTES} bytes.")
    return Fetched(bytes(body), lifetime(headers))


def _alternate(link: str) -> str:
    """Where a page says that its JSON-LD is (JSON-LD 1.1 API §4.1, as schema.org does)."""
    return next((t.url for t in targets(link) if t.is_alternate("application/ld+json")), "")
