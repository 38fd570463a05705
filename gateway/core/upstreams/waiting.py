"""Who waits for a connection to an upstream, life-safety first."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gateway.core import reply
from gateway.core.overload.admission import LIFE_SAFETY

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange


class Waiting:
    """Two lines: the urgent one has its turn before the other, each in the order of arrival."""

    __slots__ = ("_others", "_urgent")

    def __init__(self) -> None:
        self._urgent: deque[Exchange] = deque()
        self._others: deque[Exchange] = deque()

    def append(self, exchange: Exchange) -> None:
        line = self._urgent if _is_urgent(exchange) else self._others
        line.append(exchange)

    def popleft(self) -> Exchange:
        """Raises:
        IndexError: nobody waits.
        """
        return (self._urgent or self._others).popleft()

    def make_room(self, exchange: Exchange) -> bool:
        """Turn the last of the others away, if that makes room for something urgent."""
        if not (self._others and _is_urgent(exchange)):
            return False
        last = self._others.pop()
        if last.alive:
            last.fail(reply.UPSTREAM_BUSY, "busy")
        return True

    def __len__(self) -> int:
        return len(self._urgent) + len(self._others)


def _is_urgent(exchange: Exchange) -> bool:
    return exchange.route.load.rank == LIFE_SAFETY
