"""Names of upstreams, looked up in the background and never while a request waits.

What a name stands for changes: a service is moved, scaled, restarted elsewhere. It is looked up
every few seconds, and at once when an address refuses a connection. A name with several addresses
is as good as several addresses. While it cannot be looked up, what it last stood for stays.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address

from gateway.core.bounds import Bounds

Place = tuple[str, int]
"""Host and port."""


def place(text: str) -> Place:
    """``host:port``, or ``[v6]:port``, as in the policy."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def is_name(host: str) -> bool:
    """Whether ``host`` has to be looked up."""
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


async def lookup(host: str, port: int) -> list[str]:
    """The addresses of ``host``: of one family, since two are two ways to the same process.

    Raises:
        OSError: there are none, or nobody can be asked.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    old = sorted({str(each[4][0]) for each in found if each[0] == socket.AF_INET})
    return old or sorted({str(each[4][0]) for each in found if each[0] == socket.AF_INET6})


class Names:
    """Keeps the places of one upstream up to date.

    Args:
        places: as in the policy, some with names.
        changed: called with what they stand for, when that is known or has changed.
        events: counters, by name.
    """

    def __init__(
        self,
        places: Sequence[Place],
        changed: Callable[[list[Place]], None],
        bounds: Bounds,
        events: dict[str, int],
    ) -> None:
        self._places = places
        self._changed = changed
        self._bounds = bounds
        self._events = events
        self._known: dict[Place, list[Place]] = {each: [each] for each in places}
        self._last = sorted(places)
        self._wanted = asyncio.Event()

    def hurry(self) -> None:
        """Something suggests that a name stands for something else now."""
        self._wanted.set()

    async def run(self) -> None:
        """Look up for ever; ends when cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._bounds.resolve / 10)  # however often one hurries
            with suppress(TimeoutError):
                async with asyncio.timeout(self._bounds.resolve):
                    await self._wanted.wait()
            self._wanted.clear()

    async def once(self) -> None:
        for each in self._places:
            if is_name(each[0]):
                await self._one(each)
        # a name twice, or two names of one process, are one place
        found = sorted({found for each in self._known.values() for found in each})
        if found != self._last:
            self._last = found
            self._changed(found)

    async def _one(self, named: Place) -> None:
        host, port = named
        try:
            async with asyncio.timeout(self._bounds.lookup):
                found = await lookup(host, port)
        except (OSError, TimeoutError, UnicodeError):
            self._events["lookup_failures"] = self._events.get("lookup_failures", 0) + 1
        else:
            if found:
                self._known[named] = [(address, port) for address in found]
