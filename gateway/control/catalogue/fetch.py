"""Fetching somebody's OpenAPI document without being led astray (OWASP: SSRF).

Upstreams live inside the city's network, so private addresses are fetched from; link-local ones,
where clouds keep machine credentials, are not. Redirects are not followed, time and size are
bounded, and the address that was checked is the address that is used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from gateway.control.policy.document import LARGEST
from schemas.kit.trust import trusted

TIMEOUT: Final = 5.0
_METADATA: Final = frozenset(
    ipaddress.ip_address(one) for one in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")
)

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Unreachable(Exception):
    """The document could not be had; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, or ``raw is None`` when it is unchanged since ``etag``."""

    raw: bytes | None
    etag: str


async def resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


def is_allowed(address: str) -> bool:
    """Whether a document may be fetched from this IP address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    if ip.is_loopback:
        return True
    strange = ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved
    return not strange and ip not in _METADATA


class Fetcher:
    """Args:
    http: the client to fetch with; closed by :meth:`close`.
    resolve: host and port → IP addresses.
    """

    def __init__(self, http: httpx.AsyncClient | None = None, resolve: Resolve = resolve) -> None:
        # environment proxies would reach what this process may not
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, verify=trusted())
        self._resolve = resolve

    async def close(self) -> None:
        await self._http.aclose()

    async def fetch(self, url: str, etag: str = "") -> Fetched:
        """Fetch a document.

        Raises:
            Unreachable: it cannot be had, is too large, or may not be fetched.
        """
        try:
            async with asyncio.timeout(TIMEOUT * 2):
                return await self._fetch(url, etag)
        except TimeoutError as error:
            raise Unreachable(f"{url} did not answer in time: is the API running?") from error
        except (httpx.TransportError, httpx.InvalidURL, OSError, UnicodeError) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"{url} cannot be reached ({reason}): is the API running?") from error

    async def _fetch(self, url: str, etag: str) -> Fetched:
        target, headers, extensions = await self._pin(url)
        if etag:
            headers["if-none-match"] = etag
        request = self._http.build_request("GET", target, headers=headers, extensions=extensions)
        answer = await self._http.send(request, stream=True, follow_redirects=False)
        try:
            if etag and answer.status_code == httpx.codes.NOT_MODIFIED:
                return Fetched(None, etag)
            if answer.status_code != httpx.codes.OK:
                raise Unreachable(
                    f"{url} answers {answer.status_code}, not 200: give the document's own address"
                )
            return Fetched(await _read(answer, url), answer.headers.get("etag", "")[:500])
        finally:
            await answer.aclose()

    async def _pin(self, url: str) -> tuple[httpx.URL, dict[str, str], dict[str, str]]:
        """The URL with its host replaced by an address that was checked."""
        parts = urlsplit(url)
        try:
            port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        except (KeyError, ValueError) as error:
            raise Unreachable(f"{url[:200]} is no http or https address.") from error
        if not parts.hostname or parts.username or parts.password:
            raise Unreachable(f"{url[:200]} has no host, or has user information.")
        addresses = await self._resolve(parts.hostname, port)
        if not addresses or not all(is_allowed(one) for one in addresses):
            raise Unreachable(
                f"{parts.hostname} is at a link-local or reserved address, "
                "from which no API is attached."
            )
        target = httpx.URL(url).copy_with(host=addresses[0], fragment=None)
        # identity: a small answer must not unfold into a large one
        headers = {
            "host": parts.netloc,
            "accept": "application/json",
            "accept-encoding": "identity",
        }
        return target, headers, {"sni_hostname": parts.hostname}


async def _read(answer: httpx.Response, url: str) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise Unreachable(f"{url} is larger than {LARGEST} bytes, the most for a document.")
    return bytes(body)
