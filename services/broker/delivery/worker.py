"""The loop that sends what is due, on every broker process."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.outgoing.sender import Sender
from schemas.kit.store import Store
from services.broker.delivery.metrics import DeliveryMetrics
from services.broker.delivery.model import Mourner, Prepare, Preparer, Waiting, as_it_is
from services.broker.delivery.results import Ledger, Served
from services.broker.delivery.run import Means, Run
from services.broker.delivery.turns import LEASE_SECONDS, Turn, Turns

logger = logging.getLogger(__name__)

MOST_ENDPOINTS: Final = 1000
"""Endpoints served at the same time."""

MOST_SENDING: Final = 512
"""Requests under way, in all."""

_AT_ONCE: Final = 250
"""Endpoints taken up together: few transactions for many of them."""

_LOOK_SECONDS: Final = 1.0
"""After which what is due again, or what another process wrote, is found without a wake."""

_STOP_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Handover:
    """New deliveries in the hands of the process that wrote them.

    Attributes:
        is_all: whether nothing of them is left to be taken up later, or by others.
        wakes: how often the worker had been woken before.
    """

    turns: Sequence[Turn]
    is_all: bool
    wakes: int


class Worker:
    """Serves the endpoints that have something due, each apart from all others.

    Args:
        preparers: by kind of endpoint; see :class:`services.broker.delivery.model.Preparer`.
        mourners: the same; see :class:`services.broker.delivery.model.Mourner`.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        sender: Sender,
        preparers: Mapping[str, Preparer],
        mourners: Mapping[str, Mourner],
        metrics: DeliveryMetrics,
        clock: Callable[[], float],
    ) -> None:
        self._preparers, self._clock = preparers, clock
        self._process = token_hex(8)
        self._turns = Turns(store, self._process, clock)
        self._ledger = Ledger(store, mourners)
        self._stopping = asyncio.Event()
        sending = asyncio.Semaphore(MOST_SENDING)
        self._means = Means(sender, metrics, clock, sending, self._stopping)
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._wakes = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._beginning: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There is something new."""
        self._wakes += 1
        self._wake.set()

    async def claim(self, connection: AsyncConnection, new: Sequence[Waiting]) -> Handover:
        """Lease, in the transaction that wrote them, what can be sent at once by this process."""
        wakes = self._wakes
        if not new:
            return Handover((), is_all=True, wakes=wakes)
        is_at_work = self._tasks and not self._stopping.is_set()
        room = MOST_ENDPOINTS - len(self._runs) if is_at_work else 0
        names = list(dict.fromkeys(one.delivery.endpoint for one in new))
        first = set(names[: max(0, room)])
        some = [one for one in new if one.delivery.endpoint in first]
        turns = await self._turns.take_new(connection, some, but=self._runs) if some else []
        return Handover(turns, len(turns) == len(names), wakes)

    def begin(self, handover: Handover) -> None:
        """Send what was claimed: its transaction is committed."""
        if handover.turns:
            task = asyncio.create_task(self._take_up(handover), name="deliveries begin")
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)
        if not handover.is_all:
            self.wake()

    async def _take_up(self, handover: Handover) -> None:
        try:
            await self._send(handover.turns, handover.wakes)
        except Exception as error:
            # the leases run out, and what was claimed is found again
            logger.warning("deliveries wait: %r", error)

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._serve(), name="deliveries"),
            asyncio.create_task(self._renew(), name="delivery leases"),
        ]

    async def stop(self) -> None:
        """Begin nothing more; what is under way has a moment to end, or is sent again later."""
        self._stopping.set()
        await _cancelled([*self._tasks[:1], *self._beginning])
        if self._runs:
            await asyncio.wait(self._runs.values(), timeout=_STOP_SECONDS)
        await _cancelled([*self._tasks, *self._runs.values()])

    async def _serve(self) -> None:
        while True:
            told = self._wake.is_set()
            self._wake.clear()
            try:
                more = (told or await self._turns.any()) and await self._begin()
            except Exception as error:
                # whatever is wrong with the store, nothing is lost by trying again
                logger.warning("deliveries wait: %r", error)
                more = False
            if not more:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._wake.wait()

    async def _begin(self) -> bool:
        """Take up some endpoints; whether there may be more."""
        room = min(MOST_ENDPOINTS - len(self._runs), _AT_ONCE)
        wakes = self._wakes
        # not those that are served here still: one may be free already, and its end not yet seen
        turns = await self._turns.take(room, but=self._runs) if room > 0 else []
        await self._send(turns, wakes)
        return 0 < room == len(turns)

    async def _send(self, turns: Sequence[Turn], wakes: int) -> None:
        prepares = await self._prepared([turn.endpoint for turn in turns])
        for turn in turns:
            self._start(Run(turn, prepares.get(turn.endpoint), self._means), wakes)

    async def _prepared(self, names: Sequence[str]) -> dict[str, Prepare]:
        by_kind: dict[str, list[str]] = defaultdict(list)
        for name in names:
            by_kind[name.partition(":")[0]].append(name)
        found: dict[str, Prepare] = {}
        for kind, of_kind in by_kind.items():
            if kind in self._preparers:
                found.update(await self._preparers[kind](of_kind))
            else:
                found.update(dict.fromkeys(of_kind, as_it_is))
        return found

    def _start(self, run: Run, wakes: int) -> None:
        def over(_: asyncio.Task[None]) -> None:
            self._runs.pop(run.turn.endpoint, None)
            # something came for it while it was served, or it had more than one turn may bring
            if self._wakes != wakes or run.has_more:
                self._wake.set()

        task = asyncio.create_task(self._run(run), name=f"delivery to {run.turn.endpoint}")
        self._runs[run.turn.endpoint] = task
        task.add_done_callback(over)

    async def _run(self, run: Run) -> None:
        try:
            await run.send()
        finally:
            # to the end, also when this process is told to stop: it was delivered
            noting = asyncio.create_task(self._note(run))
            try:
                await asyncio.shield(noting)
            except asyncio.CancelledError:
                await noting
                raise

    async def _note(self, run: Run) -> None:
        served = Served(
            run.turn.endpoint, self._process, run.circuit, run.slow, run.results, self._clock()
        )
        try:
            await self._ledger.note(served)
        except Exception as error:
            # the lease runs out, and all of it is sent again
            logger.warning("what was delivered could not be noted: %r", error)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                if self._runs:
                    await self._turns.renew(list(self._runs))
            except Exception as error:
                logger.warning("delivery leases are not renewed: %r", error)


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
