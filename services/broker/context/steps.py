"""Writes, gathered: what is asked for while the store commits goes into one transaction together.

Alone, a write goes out at once. Under load one transaction carries those of many requests, so that
what it costs (a connection, its statements, the wait for the disk) is shared by all. Each request
is still decided, refused, kept in the past and told of by itself, and two that are about the same
entity are never in one transaction: neither's change is lost in the other's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.broker.context.model import ContextEntity
from services.broker.context.rows import Change

Decide = Callable[[dict[str, ContextEntity], str], list[Change]]
"""From the entities that are there, by id, and the time, to what becomes of them."""

_AT_ONCE: Final = 2
"""Transactions under way: while the store commits one, the other is made."""

_MOST_IDS: Final = 500


@dataclass(eq=False, slots=True)
class Step:
    """What one request shall do.

    Attributes:
        ids: of the entities that it is about, in order, each once.
        creates: whether it brings its tenant into being (§5.5.10).
        done: what really changed.
        failure: why nothing was done.
    """

    ids: list[str]
    decide: Decide
    tenant: str
    creates: bool
    done: list[Change] = field(default_factory=list)
    failure: Exception | None = None

    def take(
        self,
        old: dict[str, ContextEntity],
        now: str,
        check: Callable[[Sequence[Change]], None],
    ) -> None:
        """Decide what becomes of the entities as they are now, or why nothing does.

        Args:
            check: raises a problem where the change cannot be stored.
        """
        mine = {id_: old[id_] for id_ in self.ids if id_ in old}
        self.done, self.failure = [], None
        try:
            done = [change for change in self.decide(mine, now) if change.old is not change.new]
            check(done)
        except Exception as error:  # theirs who asked, who is told
            self.failure = error
        else:
            self.done = done


Write = Callable[[list[Step]], Awaitable[None]]
"""Does steps of one tenant in one transaction; what it raises is all of theirs."""


class Steps:
    """Does steps in the order in which they come, several at once where it can.

    Args:
        write: does some.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: deque[tuple[Step, asyncio.Future[None]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def do(self, step: Step) -> list[Change]:
        """Do a step; what really changed.

        Raises:
            Problem: it is refused.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((step, future))
        if len(self._tasks) < _AT_ONCE:
            self._start()
        await asyncio.shield(future)  # one who goes away takes it from nobody else
        if step.failure:
            raise step.failure
        return step.done

    async def stop(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks)

    def _start(self) -> None:
        task = asyncio.get_running_loop().create_task(self._work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        while self._waiting:
            group = self._next()
            try:
                await self._write([step for step, _ in group])
            except Exception as error:  # theirs who asked, each of whom is told
                for _, future in group:
                    future.set_exception(error)
            else:
                for _, future in group:
                    future.set_result(None)

    def _next(self) -> list[tuple[Step, asyncio.Future[None]]]:
        """The first that waits, and those behind it that fit into one transaction with it."""
        group = [self._waiting.popleft()]
        first = group[0][0]
        taken = set(first.ids)
        while self._waiting:
            step = self._waiting[0][0]
            alike = (step.tenant, step.creates) == (first.tenant, first.creates)
            fits = len(taken) + len(step.ids) <= _MOST_IDS and taken.isdisjoint(step.ids)
            if not (alike and fits):
                break
            taken.update(step.ids)
            group.append(self._waiting.popleft())
        return group
