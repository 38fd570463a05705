"""One turn of one endpoint: its due messages sent, side by side and in order where asked for."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from schemas.kit.outgoing.model import Request
from schemas.kit.outgoing.schedule import Answer, verdict
from schemas.kit.outgoing.sender import Sender
from services.broker.delivery.metrics import DeliveryMetrics
from services.broker.delivery.model import Drop, Hold, Prepare, Waiting
from services.broker.delivery.results import Result
from services.broker.delivery.turns import PORTION, Turn

logger = logging.getLogger(__name__)

EACH: Final = 4
"""Requests under way to one endpoint; to one that fails, or answers slowly, one."""

SLOW_SECONDS: Final = 2.0
_HOLD_SECONDS: Final = 5.0
_TURN_SECONDS: Final = 2.0
"""After which a turn begins nothing more: its results are written, and others have theirs."""


@dataclass(frozen=True, slots=True)
class Means:
    """What all turns of a process share.

    Attributes:
        sending: bounds the requests under way in all.
        stopping: set when nothing more is to begin.
    """

    sender: Sender
    metrics: DeliveryMetrics
    clock: Callable[[], float]
    sending: asyncio.Semaphore
    stopping: asyncio.Event


class Run:
    """Sends what a turn holds.

    Args:
        prepare: what to send for each; None when the endpoint is gone.
    """

    def __init__(self, turn: Turn, prepare: Prepare | None, means: Means) -> None:
        self.turn = turn
        self._prepare, self._means = prepare, means
        self._deadline = time.monotonic() + _TURN_SECONDS
        self.circuit = turn.circuit
        """As it is after the answers until now."""
        self.slow = turn.slow
        self.results: list[Result] = []

    @property
    def has_more(self) -> bool:
        """Whether there may be more to send at once, after this turn."""
        waiting = len(self.turn.waiting)
        was_probed = self.turn.circuit.is_probing
        return waiting >= PORTION or len(self.results) < waiting or was_probed

    async def send(self) -> None:
        """Send all; or less, when the endpoint fails, or the turn's time is over."""
        lanes = self._lanes()
        carriers = min(1 if self.slow or self.circuit.failures else EACH, len(lanes))
        if carriers == 1:
            await self._carry(lanes)
            return
        async with asyncio.TaskGroup() as group:
            for _ in range(carriers):
                group.create_task(self._carry(lanes))

    def _lanes(self) -> list[list[Waiting]]:
        """What must stay in order among itself, the oldest lane last."""
        lanes: dict[str | int, list[Waiting]] = defaultdict(list)
        for waiting in self.turn.waiting:
            lanes[waiting.delivery.key or waiting.id].append(waiting)
        return list(reversed(lanes.values()))

    async def _carry(self, lanes: list[list[Waiting]]) -> None:
        while lanes:
            for waiting in lanes.pop():
                if not await self._one(waiting):
                    break

    async def _one(self, waiting: Waiting) -> bool:
        """Send one; whether the next one of its lane may go."""
        async with self._means.sending:
            if self._is_over():
                return False
            result = await self._result(waiting)
        self.results.append(result)
        return result.due is None

    def _is_over(self) -> bool:
        if self._means.stopping.is_set() or time.monotonic() > self._deadline:
            return True
        circuit = self.circuit
        shut = circuit.is_probing or circuit.open_until > self._means.clock() or circuit.disabled
        # a circuit that was shut before the turn lets one through, to see
        return bool(shut) and circuit != self.turn.circuit

    async def _result(self, waiting: Waiting) -> Result:
        request = self._request(waiting)
        if isinstance(request, Drop):
            self._means.metrics.dropped.inc()
            return Result(waiting, "dropped", None, None, request.reason)
        if isinstance(request, Hold):
            return Result(waiting, "waiting", self._means.clock() + _HOLD_SECONDS, None)
        now = self._means.clock()
        answer = await self._answer(request)
        self.slow = answer.seconds > SLOW_SECONDS
        self.circuit = self.circuit.after(answer, now)
        found = verdict(
            answer,
            tries=waiting.tries + 1,
            now=now,
            expires=waiting.delivery.expires,
            chance=random.random(),  # noqa: S311 - jitter
        )
        self._means.metrics.note(found.state, answer, first=waiting.tries == 0)
        return Result(waiting, found.state, found.due, answer.as_attempt(now))

    def _request(self, waiting: Waiting) -> Request | Drop | Hold:
        expires = waiting.delivery.expires
        if expires is not None and expires < self._means.clock():
            return Drop("too old")
        if self._prepare is None:
            return Drop("the endpoint is gone")
        try:
            return self._prepare(waiting)
        except Exception:
            logger.exception("%s: what to send could not be decided", self.turn.endpoint)
            return Hold()

    async def _answer(self, request: Request) -> Answer:
        started = time.monotonic()
        try:
            return await self._means.sender.send(request)
        except Exception:  # a defect of ours is a failed try, not a message that hangs for ever
            logger.exception("sending failed in a way that nobody thought of")
            return Answer(0, time.monotonic() - started, "it could not be sent")
