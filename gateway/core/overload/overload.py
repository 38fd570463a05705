"""A worker's answer to too much: its limits, its lag and its emergency, put together.

Nothing here is on the way of a request that finds room (:func:`gateway.core.overload.admission.
share_capacity`). From time to time the signals are read and turned into the numbers that requests
are compared with; :meth:`Overload.judge` looks closer where these say that room is short.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from gateway.core.bounds import Bounds
from gateway.core.overload.admission import CALM, LIFE_SAFETY, Gate, Load, Taken
from gateway.core.overload.emergency import Emergency
from gateway.core.overload.lag import LoopLag
from gateway.core.overload.shedding import (
    CLIENT,
    CONCURRENCY,
    EMERGENCY,
    LAG,
    Held,
    Shed,
    has_its_share,
)
from gateway.core.reply import Refused
from gateway.core.telemetry.telemetry import Telemetry

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange
    from gateway.core.upstreams.upstream import Upstream

WINDOW: Final = 0.25
"""Seconds whose answers set a limit."""
EMERGENCY_PATIENCE: Final = 0.01
"""Instead of ``bounds.patience`` while an emergency is in force."""
LAG_TARGET: Final = (0.05, 0.02)
"""Seconds of lag that may stand, calm and in an emergency."""


class Loads:
    """The loads of one policy's routes; servers and what is known of routes outlive policies."""

    def __init__(self, before: Loads | None, floor: int) -> None:
        self._before = before
        self._floor = floor
        self._most: dict[tuple[str, bool], int] = {}
        self.gates: dict[tuple[str, bool], Gate] = {}
        self.routes: dict[str, Load] = {}
        self.reserved: list[Load] = []

    def of(self, route: str, priority: str, upstream: Upstream, mark: str, stream: bool) -> Load:
        """The load of ``route``.

        Args:
            mark: its ``emergency`` in the snapshot.
        """
        before = self._before.routes.get(route) if self._before else None
        load = Load(self._gate(upstream, stream), priority, before.usual if before else 0.0)
        self.routes[route] = load
        if mark != "none":
            self.reserved.append(load)
        return load

    def _gate(self, upstream: Upstream, stream: bool) -> Gate:
        key = ",".join(sorted(upstream.config["addresses"])), stream
        gate = self.gates.get(key)
        if gate is None:
            known = self._before.gates.get(key) if self._before else None
            gate = self.gates[key] = known or Gate(key[0], self._floor, streams=stream)
        # as many as have a connection may wait for one
        most = 2 * upstream.config["max_connections"]
        self._most[key] = max(self._most.get(key, 0), most)
        return gate

    def settled(self) -> Loads:
        """These loads are in force: what was before them may go."""
        self._before = None
        for key, gate in self.gates.items():
            gate.widen(self._most[key])
        return self


class Overload:
    """Args:
    now: the loop's clock, as it is.
    wall: the wall clock, by which an emergency ends.

    Attributes:
        emergency: the one that is in force.
        lag: the event loop's.
    """

    def __init__(
        self, bounds: Bounds, telemetry: Telemetry, now: float, wall: Callable[[], float]
    ) -> None:
        self._bounds = bounds
        self._telemetry = telemetry
        self._wall = wall
        self._due = now
        self._adapted = now
        self._declared: Emergency | None = None
        self._loads = Loads(None, bounds.least_concurrency)
        self._shed = Shed(telemetry)
        self.lag = LoopLag(now)
        self.emergency: Emergency | None = None

    # A policy's way into force

    def loads(self) -> Loads:
        """For a policy that is being read; counts when it is given to :meth:`adopt`."""
        return Loads(self._loads, self._bounds.least_concurrency)

    def adopt(self, loads: Loads, emergency: Emergency | None) -> None:
        """A new policy is in force, and the emergency that it says."""
        self._loads = loads.settled()
        self._declared = emergency
        self._follow_the_clock()
        self._order()
        self._allow()

    # From time to time

    def tick(self, now: float) -> None:
        """Called every ``bounds.tick`` seconds, as far as the loop keeps up."""
        late = max(0.0, now - self._due) if self._due else 0.0
        self._due = now + self._bounds.tick
        strict = self.emergency is not None
        before = self.lag.pressure
        self.lag.sample(now, late, LAG_TARGET[strict])
        if self._follow_the_clock():
            self._order()
        elif now - self._adapted < WINDOW and self.lag.pressure == before:
            return
        if now - self._adapted >= WINDOW:
            patience = EMERGENCY_PATIENCE if strict else self._bounds.patience
            for gate in self._loads.gates.values():
                gate.adapt(now - self._adapted, patience)
            self._adapted = now
        self._allow()

    def _follow_the_clock(self) -> bool:
        """Whether an emergency has begun or ended."""
        declared, before = self._declared, self.emergency
        self.emergency = declared if declared and self._wall() < declared.until else None
        if self.emergency is before:
            return False
        field = self.emergency.field + b"\r\n" if self.emergency else b""
        self._shed = Shed(self._telemetry, field)
        return True

    def _order(self) -> None:
        """What is marked for an emergency is life-safety while there is one."""
        for load in self._loads.reserved:
            load.rank = LIFE_SAFETY if self.emergency else load.own

    def _allow(self) -> None:
        shares = self.emergency.shares if self.emergency else CALM
        for gate in self._loads.gates.values():
            gate.allow(shares, self.lag.pressure)

    # Where room is short

    def judge(self, exchange: Exchange, load: Load) -> Taken:
        """Let in what there is room for, in its order.

        Raises:
            Refused: 503, with the reason.
        """
        gate, rank = load.gate, load.rank
        excess = self.lag.pressure - rank
        grant = getattr(exchange, "grant", None)
        who = grant.client_id if grant is not None else exchange.client.source
        if not gate.most[rank]:
            reason = EMERGENCY
        elif excess > 0 and excess > random.random():  # noqa: S311 - a lottery among equals
            reason = LAG
        elif gate.in_flight >= gate.most[rank]:
            reason = CONCURRENCY
        elif has_its_share(gate, rank, who):
            reason = CLIENT
        else:
            return Held(load, who)
        raise Refused(self._shed.answer(reason, rank))

    def as_json(self) -> dict[str, Any]:
        """For :mod:`gateway.core.telemetry.exposition`."""
        return {
            "emergency": self.emergency.level if self.emergency else "",
            "loop_lag_seconds": self.lag.standing,
            "pressure": self.lag.pressure,
            "gates": [
                [gate.name, gate.limit, gate.in_flight]
                for gate in self._loads.gates.values()
                if not gate.streams
            ],
        }
