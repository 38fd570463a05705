"""The one way out to URLs that others chose: connections only to addresses that may be called.

A subscriber chooses the URL, so without this a subscriber could have the platform call the city's
own network (server-side request forgery, CWE-918). A name is resolved here and the connection goes
to the very address that was checked: nothing can change in between (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final

import httpx

from schemas.kit.outgoing import addresses
from schemas.kit.outgoing.addresses import Network

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, for a connection to a port; raises ``OSError`` when it has none."""

MOST_URL: Final = 2000
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_MOST_ADDRESSES: Final = 3
_LOOKUPS_AT_ONCE: Final = 32


class Refused(Exception):
    """A URL or an address that is not called, and why."""


class Guard:
    """What may be called.

    Args:
        allow: networks that may be called although they are not the world at large, and that may
            be called without TLS: those of a city that has its subscribers inside.
        plain: whether the world at large may be called without TLS too.
        resolve: for tests.
    """

    def __init__(
        self,
        allow: Iterable[Network] = (),
        *,
        plain: bool = False,
        resolve: Resolve | None = None,
    ) -> None:
        self._allow, self._plain = tuple(allow), plain
        self._resolve = resolve or Resolver()
        self._parsed = lru_cache(maxsize=1024)(self._check_url)

    def check_url(self, url: str) -> httpx.URL:
        """The URL, if it can be one that is called; addresses of names are checked on each call.

        Raises:
            Refused: saying what is wrong with it.
        """
        return self._parsed(url)

    def _check_url(self, url: str) -> httpx.URL:
        if len(url) > MOST_URL or not url.isprintable():
            raise Refused(f"a URL has at most {MOST_URL} printable characters")
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise Refused("this is no URL") from error
        if parsed.scheme not in self._schemes:
            raise Refused(f"give a URL that starts with {' or '.join(self._schemes)}://")
        if not _HOST.fullmatch(parsed.raw_host.decode()):
            raise Refused("the URL names no host")
        if parsed.userinfo:
            raise Refused("the URL carries a user or password; leave it out")
        if parsed.fragment:
            raise Refused("the URL has a fragment, which is never sent; leave it out")
        self._check_port(parsed.port)
        self._check_literal(parsed)
        return parsed

    @property
    def _schemes(self) -> tuple[str, ...]:
        return ("https", "http") if self._allow or self._plain else ("https",)

    def _check_port(self, port: int | None) -> None:
        # below 1024 stand mail, shells and directories, which HTTP could be made to talk to
        if port is not None and port not in (80, 443) and not 1024 <= port <= 65_535:
            raise Refused(f"port {port} is not called; use 443, or one from 1024 to 65535")

    def _check_literal(self, url: httpx.URL) -> None:
        try:
            addresses.parse(url.host)
        except ValueError:
            return  # a name
        self._check_address(url.host, plain=url.scheme == "http")

    def _check_address(self, text: str, *, plain: bool) -> None:
        try:
            address = addresses.parse(text)
        except ValueError as error:
            raise Refused("the name has no usable address") from error
        if addresses.is_within(address, self._allow):
            return
        if not addresses.is_outside(address):
            raise Refused("it is not an address in the public Internet")
        if plain and not self._plain:
            raise Refused("an address in the public Internet is called with https only")

    async def addresses(self, host: str, port: int, *, plain: bool) -> Sequence[str]:
        """Where to connect to: every address of the host may be called, or none is.

        Raises:
            Refused: one of them may not be called.
            OSError: the name is not known.
        """
        found = await self._resolve(host, port)
        for address in found:
            self._check_address(address, plain=plain)
        return found[:_MOST_ADDRESSES]


class Resolver:
    """The machine's resolver, on threads of its own.

    A name whose servers do not answer holds its thread for long: one lookup at a time for a name,
    and not on the threads that the rest of the process uses.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="resolve")
        self._looking: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        key = (host, port)
        looking = self._looking.get(key)
        if looking is None:
            loop = asyncio.get_running_loop()
            looking = loop.run_in_executor(self._threads, _lookup, host, port)
            self._looking[key] = looking
            looking.add_done_callback(lambda done: self._looked(key, done))
        return await asyncio.shield(looking)

    def _looked(self, key: tuple[str, int], done: asyncio.Future[Sequence[str]]) -> None:
        self._looking.pop(key, None)
        if not done.cancelled():
            done.exception()  # also when nobody waits for it any more


def _lookup(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
