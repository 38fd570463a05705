"""What each client does with each operation, counted until somebody takes the counts.

A look-up and two additions a request. Nothing is told of residents: their apps are counted, not
they. :mod:`gateway.usage` takes the counts every few seconds and ships them.
"""

from __future__ import annotations

from typing import Final

from schemas.usage import CUT, LATENCY_BOUNDS, OTHER, Use

KINDS: Final = 32
"""Kinds of errors that are told apart for one client and operation."""


class Uses:
    """What one client did with one operation; see :class:`schemas.usage.Use`."""

    __slots__ = ("errors", "latency", "spent", "spent_on_route", "statuses")

    def __init__(self) -> None:
        self.statuses = [0] * 6
        self.latency = [0] * (len(LATENCY_BOUNDS) + 1)
        self.errors: dict[str, int] = {}
        self.spent = self.spent_on_route = 0

    def fail(self, kind: str, by: int = 1) -> None:
        if kind not in self.errors and len(self.errors) >= KINDS:
            kind = OTHER
        self.errors[kind] = self.errors.get(kind, 0) + by

    def add(self, other: Uses) -> None:
        self.statuses = [a + b for a, b in zip(self.statuses, other.statuses, strict=True)]
        self.latency = [a + b for a, b in zip(self.latency, other.latency, strict=True)]
        for kind, count in other.errors.items():
            self.fail(kind, count)
        self.spent += other.spent
        self.spent_on_route += other.spent_on_route

    def told(self, client: str, route: str) -> Use:
        found: Use = {
            "client": client,
            "route": route,
            "statuses": self.statuses,
            "latency": self.latency,
        }
        if self.errors:
            found["errors"] = self.errors
        if self.spent:
            found["spent"] = self.spent
        if self.spent_on_route:
            found["spent_on_route"] = self.spent_on_route
        return found


class Counted:
    """Clients × operations, up to a bound; what comes later is :data:`~schemas.usage.OTHER`.

    Args:
        most: pairs of client and operation.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.pairs = 0
        self.clients: dict[str, dict[str, Uses]] = {}

    def of(self, client: str, route: str) -> Uses:
        try:
            return self.clients[client][route]
        except KeyError:
            return self._new(client, route)

    def _new(self, client: str, route: str) -> Uses:
        if self.pairs >= self.most:
            client = route = OTHER
        routes = self.clients.setdefault(client, {})
        if route not in routes:
            self.pairs += 1
            routes[route] = Uses()
        return routes[route]

    def add(self, other: Counted) -> None:
        for client, routes in other.clients.items():
            for route, uses in routes.items():
                self.of(client, route).add(uses)

    def pop(self, most: int) -> list[Use]:
        """Take up to ``most`` pairs out of it."""
        found: list[Use] = []
        while self.clients and len(found) < most:
            client, routes = next(iter(self.clients.items()))
            while routes and len(found) < most:
                route, uses = routes.popitem()
                found.append(uses.told(client, route))
            if not routes:
                del self.clients[client]
        self.pairs -= len(found)
        return found


class Usage:
    """What a worker has counted since the counts were last taken.

    Args:
        most: see :class:`Counted`.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._counted = Counted(most)

    def note(self, client: str, route: str, status: int, bucket: int, why: str) -> None:
        """One request of ``client`` that ended.

        Args:
            status: of the answer; 0 if it never began.
            bucket: of its duration, see :data:`schemas.usage.LATENCY_BOUNDS`.
            why: the gateway's own word for what went wrong; ``""`` if it has none.
        """
        try:
            uses = self._counted.clients[client][route]
        except KeyError:
            uses = self._counted.of(client, route)
        uses.statuses[status // 100] += 1
        uses.latency[bucket] += 1
        if why or status >= 400 or not status:
            uses.fail(why or (f"http-{status}" if status else CUT))

    def spend(self, client: str, route: str, *, on_route: bool) -> None:
        """One request counted against a quota of the day: the client's, or the route's for it."""
        uses = self._counted.of(client, route)
        if on_route:
            uses.spent_on_route += 1
        else:
            uses.spent += 1

    def take(self) -> Counted:
        """All counts so far, which begin anew: whoever ends meanwhile is in the next ones."""
        taken, self._counted = self._counted, Counted(self._most)
        return taken
