"""The APIs behind the gateway, each a pool of kept connections to its addresses.

Which address is asked: ``core/upstreams/balance.py``. Which failures are kept from the client:
:meth:`Upstream.failed`. When nobody is asked: ``core/upstreams/breaker.py``. With one address and
nothing wrong, none of the three costs anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from gateway.core import reply
from gateway.core.bounds import Bounds
from gateway.core.upstreams.address import Address
from gateway.core.upstreams.balance import Balance
from gateway.core.upstreams.breaker import Breaker
from gateway.core.upstreams.connection import UpstreamConnection
from gateway.core.upstreams.health import Health
from gateway.core.upstreams.names import Names, Place, is_name, place
from gateway.core.upstreams.probe import Probes
from gateway.core.upstreams.retry import Budget
from gateway.core.upstreams.waiting import Waiting
from schemas import policy as wire

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange


class Upstream:
    """One API behind the gateway.

    Args:
        name: as in the policy.
        config: see :class:`schemas.policy.Upstream`.
        loop: whose clock the deadlines are on.
        events: counters by name, which outlive it.
    """

    def __init__(
        self,
        name: str,
        config: wire.Upstream,
        bounds: Bounds,
        loop: asyncio.AbstractEventLoop,
        events: dict[str, int],
    ) -> None:
        self.name = name
        self.config = config
        self.sector = config["sector"]
        self.internal = config["internal"]
        self.host = b"" if self.internal else config["addresses"][0].encode()
        """``Host`` sent upstream; ``b""`` for the client's own, which the city's APIs link by."""
        self.connect_timeout = config["connect_timeout_ms"] / 1000
        self.response_timeout = config["response_timeout_ms"] / 1000
        self.idle_timeout = config["idle_timeout_ms"] / 1000
        self.try_timeout = 0.0
        """How long a first try may take that can be followed by another; 0 for no such limit."""
        self.connections: set[UpstreamConnection] = set()
        self.waiting = Waiting()
        self.balance = Balance(events)
        self.breaker = Breaker(bounds)
        self.events = events
        self._budget = Budget(bounds.retry_ratio, bounds.retry_reserve)
        self._dialling = 0
        self._most = config["max_connections"]
        self._bounds = bounds
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()
        self._background: list[asyncio.Task[None]] = []
        self._names: Names | None = None
        self._gone: list[Address] = []
        self._retired = False
        self._several = False
        self._only: Address | None = None
        """The one that every exchange goes to; None where something has to be decided."""
        self.stand_at([place(text) for text in config["addresses"]])

    @property
    def addresses(self) -> tuple[Address, ...]:
        return self.balance.addresses

    def stand_at(self, places: Iterable[Place]) -> None:
        """It is at ``places`` now; what is known of those where it was before stays."""
        before = {(each.host, each.port): each for each in self.addresses}
        now = {each: before.get(each) or Address(*each, self._bounds) for each in places}
        self._gone += [each for at, each in before.items() if at not in now]
        self._let_go()
        self._several = len(now) > 1
        if not self._several:  # with one there is no choice, and nothing is held against it
            for each in now.values():
                each.health = Health(self._bounds)
        self.balance.set(now.values())
        asked = self.config.get("try_timeout_ms", 0) / 1000
        self.try_timeout = asked if self._several else 0.0
        if before:
            self._count("moves")
        self._settle()

    def _settle(self) -> None:
        """Decide beforehand what need not be decided for each exchange."""
        alone = not self._several
        quiet = not self.breaker.open and not self.breaker.tally.failed
        self._only = self.addresses[0] if alone and not self.breaker.open else None
        for address in self.addresses:
            address.watch = None if alone and quiet else self._answered

    def _count(self, name: str) -> None:
        self.events[name] = self.events.get(name, 0) + 1

    # An exchange's way to a connection

    def send(self, exchange: Exchange) -> None:
        """Carry ``exchange`` on a resting connection at once, or on a new one when there is one."""
        address = self._only or self._choose(exchange)
        if address is None:
            return
        resting = address.resting
        if resting:
            connection = resting[-1]
            longest = (
                self._bounds.upstream_rest if exchange.repeatable else self._bounds.upstream_fresh
            )
            if (
                exchange.began - connection.rested <= longest
                and not connection.transport.is_closing()
            ):
                resting.pop()
                connection.carry(exchange)
                return
        self._dial_for(exchange, address)

    def _choose(self, exchange: Exchange) -> Address | None:
        """The address to ask, or a refusal while the circuit is open."""
        if self.breaker.open:
            refusal = self.breaker.refusal(exchange, exchange.began)
            if refusal is not None:
                self._count("circuit_refusals")
                exchange.fail(refusal, "circuit")
                return None
        self._budget.earn()
        return self.balance.pick()

    def repeat(self, exchange: Exchange, address: Address) -> None:
        """Send once more what met a closing connection: on a new one, which cannot.

        The race of every pool is no failure of the API, and asks nothing of it twice. Where there
        is another address it goes there: the process may have ended.
        """
        exchange.connection = None
        if self._several:
            exchange.tried += (address,)
        else:
            exchange.repeatable = False
        self._dial_for(exchange, self.balance.pick(exchange.tried))

    def _dial_for(self, exchange: Exchange, address: Address | None) -> None:
        exchange.held = True
        exchange.client.pause_body()
        if len(self.connections) + self._dialling < self._most or self._drop_resting():
            self._dial(exchange, address)
        elif len(self.waiting) < self._most or self.waiting.make_room(exchange):
            self.waiting.append(exchange)
            exchange.client.wait_for_upstream(self._time_to_connect(exchange))
        else:
            self.no_room(exchange)

    def no_room(self, exchange: Exchange) -> None:
        """``exchange`` has no connection, and waits no longer for one."""
        if _is_late(exchange):
            self._too_late(exchange)
        else:
            exchange.fail(reply.UPSTREAM_BUSY, "busy")

    def _drop_resting(self) -> bool:
        """Make room for a new connection where all are open but some rest."""
        for address in self.addresses:
            if address.resting:
                connection = address.resting.pop(0)
                self.connections.discard(connection)
                connection.transport.abort()
                return True
        return False

    def _time_to_connect(self, exchange: Exchange) -> float:
        """Seconds that ``exchange`` may wait for a connection."""
        if exchange.due == inf:
            return self.connect_timeout
        return min(self.connect_timeout, exchange.due - monotonic())

    def _dial(self, exchange: Exchange, address: Address | None) -> None:
        self._dialling += 1
        at = address or self.balance.pick(exchange.tried)
        at.dialling += 1
        self._start(self._connect(exchange, at))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _connect(self, exchange: Exchange, address: Address) -> None:
        """Connect to ``address`` or, as nothing was sent yet, to another that takes it."""
        at: Address | None = address
        connection = None
        while at is not None and exchange.alive:
            connection = await self._connect_to(at, self._time_to_connect(exchange))
            at.dialling -= 1
            if connection is not None or _is_late(exchange):
                at = None
            else:
                at = self._refused(exchange, at)
        if at is not None:
            at.dialling -= 1
        self._dialling -= 1
        if connection is None:
            if exchange.alive:
                self._unreachable(exchange)
            self._serve_waiting()
        elif exchange.alive:
            connection.carry(exchange)
        else:
            connection.rested = monotonic()
            self.rest(connection)

    async def _connect_to(self, address: Address, seconds: float) -> UpstreamConnection | None:
        try:
            async with asyncio.timeout(seconds):
                _, connection = await self._loop.create_connection(
                    partial(UpstreamConnection, self, address), address.host, address.port
                )
        except (OSError, TimeoutError, UnicodeError):  # the last: no host can have this name
            return None
        return connection

    def _refused(self, exchange: Exchange, address: Address) -> Address | None:
        """``address`` takes no connection: pass it over, and name another to try."""
        if self._names is not None:
            self._names.hurry()
        if not self._several:
            return None
        self.balance.eject(address, monotonic())
        exchange.tried += (address,)
        if len(exchange.tried) >= self._bounds.tries or not exchange.alive:
            return None
        another = self.balance.another(exchange.tried)
        if another is not None:
            another.dialling += 1
            self._count("reconnects")
        return another

    def _unreachable(self, exchange: Exchange) -> None:
        if _is_late(exchange):
            self._too_late(exchange)
        else:
            self._give_up(exchange, reply.UPSTREAM_DOWN, "connect")

    # What came of it

    def _answered(self, connection: UpstreamConnection, status: int) -> None:
        """The head of an answer came; see :attr:`Address.watch`."""
        if self._several:
            now = monotonic()
            self.balance.answered(connection.address, now - connection.asked, status, now)
        if self.breaker.tally.failed and self.breaker.good():
            self._settle()

    def failed(self, exchange: Exchange, connection: UpstreamConnection, kind: str) -> None:
        """``exchange`` broke on ``connection``: ask another address if that is safe, or say so."""
        if kind == "deadline":  # the client's, who may have been in a hurry; nobody's fault
            self._too_late(exchange)
            return
        address = connection.address
        if self._several:
            self.balance.failed(address, monotonic(), begun=exchange.begun)
        if self._may_retry(exchange, address, kind):
            exchange.connection = None
            self._dial_for(exchange, self.balance.pick(exchange.tried))
        else:
            answer = reply.UPSTREAM_SLOW if kind == "timeout" else reply.UPSTREAM_BROKE
            self._give_up(exchange, answer, kind, address)

    def _may_retry(self, exchange: Exchange, address: Address, kind: str) -> bool:
        """Whether ``exchange`` may be sent again, to another address.

        Only what is safe to ask twice (RFC 9110 §9.2.1), has no content, and of whose answer
        nothing was sent back yet; within the budget; and what was too slow, only if that was a
        first try that had been given less than all the time there is.
        """
        if exchange.begun or not exchange.repeatable:
            return False
        if kind == "timeout" and not self.is_first_try(exchange):
            return False
        exchange.tried += (address,)
        if len(exchange.tried) >= self._bounds.tries or not self.balance.another(exchange.tried):
            return False
        if not self._budget.spend():
            self._count("retries_denied")
            return False
        self._count("retries")
        return True

    def is_first_try(self, exchange: Exchange) -> bool:
        """Whether ``exchange`` was given a part of the time, so that another try has the rest."""
        return (
            self.try_timeout > 0.0
            and exchange.repeatable
            and not exchange.tried
            and monotonic() - exchange.began < self.response_timeout
        )

    def patience(self, exchange: Exchange, now: float) -> float:
        """Until when the answer to what is sent ``now`` is waited for, by the policy."""
        first = self.is_first_try(exchange)
        return now + (self.try_timeout if first else self.response_timeout)

    def has_another(self, address: Address) -> bool:
        """Whether what ``address`` does not answer could be asked elsewhere."""
        return self._budget.has_one and self.balance.another((address,)) is not None

    def _too_late(self, exchange: Exchange) -> None:
        self._count("deadlines_exceeded")
        exchange.fail(reply.DEADLINE, "deadline")

    def _give_up(
        self, exchange: Exchange, answer: reply.Reply, kind: str, address: Address | None = None
    ) -> None:
        # one address that fails is not the API, as long as another is well
        others = (each for each in self.addresses if each is not address)
        if not (self._several and any(each.health.well for each in others)):
            if self.breaker.bad(exchange, monotonic()):
                self._count("circuit_breaks")
            self._settle()
        exchange.fail(answer, kind)

    # What connections report

    def rest(self, connection: UpstreamConnection) -> None:
        """``connection`` is free: for who waits, or for later."""
        while self.waiting:
            exchange = self.waiting.popleft()
            if exchange.alive:
                connection.carry(exchange)
                return
        if self._retired:
            connection.transport.close()
        else:
            connection.address.resting.append(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        self.connections.discard(connection)
        if connection in connection.address.resting:
            connection.address.resting.remove(connection)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self.waiting and len(self.connections) + self._dialling < self._most:
            exchange = self.waiting.popleft()
            if exchange.alive:
                self._dial(exchange, None)

    # From time to time

    def tick(self, now: float) -> None:
        """Give up what is overdue, close what has rested long enough."""
        for connection in [found for found in self.connections if found.deadline <= now]:
            connection.expire()
        for address in self.addresses:
            resting = address.resting
            while resting and now - resting[0].rested > self._bounds.upstream_rest:
                resting.pop(0).transport.close()
        if self._several:
            self.balance.tick(now, self.connections)
        if self.breaker.tally.failed and not self.breaker.open and self.breaker.tally.quiet(now):
            self.breaker.tally.clear()
            self._settle()
        if self._gone:
            self._let_go()

    def _let_go(self) -> None:
        """Close what rests on addresses that it is no longer at; what is under way there ends."""
        for address in self._gone:
            _close_resting(address)
        self._gone = [each for each in self._gone if each.in_flight or each.dialling]

    def retire(self) -> None:
        """No policy names this upstream any more: what is under way ends, nothing is kept."""
        self._retired = True
        self._stop_background()
        self._let_go()
        for address in self.addresses:
            _close_resting(address)

    def revive(self) -> None:
        """A policy names it: from now on its names are looked up and its health is asked for."""
        self._retired = False
        if self._background:
            return
        places = [place(text) for text in self.config["addresses"]]
        if any(is_name(host) for host, _ in places):
            self._names = Names(places, self.stand_at, self._bounds, self.events)
            self._background.append(self._start(self._names.run()))
        path = self.config.get("health", "")
        if path:
            probes = Probes(path, self.host, lambda: self.addresses, self._checked, self._bounds)
            self._background.append(self._start(probes.run()))

    def _checked(self, address: Address, healthy: bool) -> None:
        self.balance.checked(address, healthy, monotonic())

    def _stop_background(self) -> None:
        for task in self._background:
            task.cancel()
        self._background.clear()
        self._names = None

    @property
    def busy(self) -> bool:
        waits = self._dialling or self.waiting
        return bool(waits or any(found.exchange for found in self.connections))

    def as_json(self) -> dict[str, Any]:
        """Gauges, for :mod:`gateway.core.telemetry.exposition`."""
        return {
            "circuit_open": int(self.breaker.open),
            "waiting": len(self.waiting),
            "addresses": {
                each.text: [each.in_flight, each.latency, int(not each.health.well)]
                for each in self.addresses
            },
        }

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self.connections):
            connection.transport.abort()


def _is_late(exchange: Exchange) -> bool:
    """Whether the client waits no longer; a timer may end a moment early."""
    return exchange.due - monotonic() < 0.005


def _close_resting(address: Address) -> None:
    while address.resting:
        address.resting.pop().transport.close()
