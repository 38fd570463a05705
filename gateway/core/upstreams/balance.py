"""Which of an upstream's addresses is asked: the cheaper of two drawn at random.

"Power of two choices" (Mitzenmacher 2001): nearly as even as asking the least loaded of all, and
not every worker runs after the same one. An address costs what it has in hand times what an answer
of it takes lately, so a slow one is asked less, by as much as it is slower. What is measured is
forgotten slowly: a slow one is tried again now and then, and found to be quick.

Addresses that fail are left out (``health.py``), but never so many that fewer than one
in ``PANIC`` would have to carry everything: then it is as likely that the gateway's own network is
at fault, and all are asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp
from random import getrandbits
from typing import TYPE_CHECKING, Final

from gateway.core.upstreams.address import Address

if TYPE_CHECKING:
    from gateway.core.upstreams.connection import UpstreamConnection

PANIC: Final = 3
"""If fewer than one in so many are well, health is not believed."""
WEIGHT: Final = 0.2
"""Of a new measurement in the latency."""
FORGET: Final = 3.0
"""Seconds in which a latency that nobody measures falls to a third."""
LEAST: Final = 0.0002
"""Latencies below this are alike: what differs is noise."""
MOST: Final = 1.0
"""And above this: a question that is held on purpose (long polling) is no measure."""


class Balance:
    """The choice among the addresses of one upstream.

    Args:
        events: counters, by name.

    Attributes:
        addresses: all that there are.
        able: those that are asked; never empty once there are addresses.
    """

    __slots__ = ("_events", "_ticked", "able", "addresses", "panicking")

    def __init__(self, events: dict[str, int]) -> None:
        self._events = events
        self._ticked = 0.0
        self.addresses: tuple[Address, ...] = ()
        self.able: tuple[Address, ...] = ()
        self.panicking = False

    def set(self, addresses: Iterable[Address]) -> None:
        self.addresses = tuple(addresses)
        for address in self.addresses:
            _reckon(address)
        self._sort_out()

    # On the way

    def pick(self, tried: tuple[Address, ...] = ()) -> Address:
        """The address to ask, none of ``tried`` if that can be."""
        able = self.able
        if tried:
            able = tuple(each for each in able if each not in tried) or able
        count = len(able)
        if count == 1:
            return able[0]
        drawn = getrandbits(32)
        first = drawn % count
        one = able[first]
        two = able[(first + 1 + (drawn >> 16) % (count - 1)) % count]
        one_costs = (one.in_flight + one.dialling + 1) * one.cost
        return one if one_costs <= (two.in_flight + two.dialling + 1) * two.cost else two

    def another(self, tried: tuple[Address, ...]) -> Address | None:
        """An address that was not tried yet; None if there is none that is worth it."""
        left = any(each not in tried for each in self.able)
        return self.pick(tried) if left else None

    # What came of it

    def answered(self, address: Address, seconds: float, status: int, now: float) -> None:
        """The head of an answer came after ``seconds``."""
        health = address.health
        latency = address.latency
        address.measured = now
        if status < 500:
            health.tally.good()
        else:
            health.tally.bad(now, in_row=False)
            if self._stands_out(address):
                self.eject(address, now)
            if seconds < latency:
                return  # failing fast must not look like being fast
        if seconds > MOST:
            seconds = MOST
        address.latency = latency = latency + WEIGHT * (seconds - latency)
        address.cost = max(latency, LEAST) * health.penalty

    def _stands_out(self, address: Address) -> bool:
        """Half of what it is asked fails, and the others do much better.

        If all fail alike, it is the API that is at fault, and nothing is won by asking elsewhere.
        """
        share = address.health.tally.share
        others = [each.health.tally for each in self.able if each is not address]
        return share >= 0.5 and all(2 * tally.failed <= share * tally.total for tally in others)

    def failed(self, address: Address, now: float, *, begun: bool) -> None:
        """It broke off, or was silent for too long.

        Args:
            begun: the head of the answer had come, and was counted as good.
        """
        if begun:
            address.health.tally.take_back()
        if address.health.failed(now) or self._stands_out(address):
            self.eject(address, now)

    def eject(self, address: Address, now: float) -> None:
        """Pass it over for a while."""
        if not address.health.out_until:
            address.health.eject(now)
            self._count("ejections")
            self._sort_out()

    def checked(self, address: Address, healthy: bool, now: float) -> None:
        """What its own health check said."""
        if not healthy:
            self._count("failed_checks")
        if address.health.checked(healthy, now):
            self._sort_out()

    # From time to time

    def tick(self, now: float, connections: Iterable[UpstreamConnection]) -> None:
        back = [address for address in self.addresses if address.health.tick(now)]
        if back:
            self._sort_out()
        forgotten = exp((self._ticked - now) / FORGET) if self._ticked else 1.0
        self._ticked = now
        for address in self.addresses:
            if now - address.measured > 1.0:
                address.latency *= forgotten
        for connection in connections:
            if connection.unanswered:
                _silent(connection.address, now - connection.asked, now)
        for address in self.addresses:
            _reckon(address)

    def _sort_out(self) -> None:
        well = tuple(address for address in self.addresses if address.health.well)
        panicking = len(well) * PANIC < len(self.addresses)
        if panicking and not self.panicking:
            self._count("panics")
        self.panicking = panicking
        self.able = self.addresses if panicking else well

    def _count(self, name: str) -> None:
        self._events[name] = self._events.get(name, 0) + 1


def _silent(address: Address, seconds: float, now: float) -> None:
    """Something waits for it since ``seconds``; unless it answers others, it is as slow as that."""
    address.latency = max(address.latency, min(seconds, now - address.measured, MOST))


def _reckon(address: Address) -> None:
    address.cost = max(address.latency, LEAST) * address.health.penalty
