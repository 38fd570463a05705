"""Tells clients which consents have ended, until they have said that they know.

One process at a time, among all of the control plane. Tries again over days by the rules of the
kit's :mod:`~schemas.kit.outgoing.schedule`; a client whose receiver keeps failing holds up nobody
else, and is asked with one notice whether it is back.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.state import Control
from gateway.control.told import targets
from gateway.control.told.lapsed import Lapsed
from gateway.control.told.targets import Target
from schemas.kit.exclusive import exclusive
from schemas.kit.outgoing.model import Request
from schemas.kit.outgoing.schedule import Answer, Circuit, verdict
from schemas.kit.outgoing.sender import Sender
from schemas.kit.outgoing.signing import signed_headers

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
_LAPSED_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 5.0
_PORTION: Final = 100
_OF_ONE: Final = 10
_AT_ONCE: Final = 16
_HEADERS: Final = {"content-type": "application/json", "user-agent": "supercity-consent"}


class Teller:
    """Args:
    sender: the guarded way out.
    ticks: seconds that only ever grow.
    """

    def __init__(
        self, control: Control, sender: Sender, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._control, self._sender, self._ticks = control, sender, ticks
        self._turn = exclusive(control.store, "notices")
        self._lapsed = Lapsed(control)
        self._looked: float | None = None
        self._sending = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Tell for ever. Runs until cancelled."""
        try:
            while True:
                try:
                    busy = await self._turn.hold() and await self.once()
                except Exception as error:
                    # whatever is wrong with the store, the notices stay
                    logger.warning("notices of ended consents wait: %r", error)
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                await asyncio.sleep(0 if busy else LOOK_SECONDS)
        finally:
            await self._turn.release()
            await self._sender.close()

    async def once(self) -> bool:
        """Tell what is due; whether something was."""
        if self._looked is None or self._ticks() - self._looked > _LAPSED_SECONDS:
            await self._lapsed.write()
            self._looked = self._ticks()
        now = self._control.clock().timestamp()
        async with self._control.store.read() as connection:
            due = await _due(connection, now)
            found = await targets.load(connection, self._control.secrets, due.keys())
        if not due:
            return False
        lanes = [self._lane(found[name], rows) for name, rows in due.items() if name in found]
        told = [one for lane in await asyncio.gather(*lanes) for one in lane]
        await self._note(told)
        return bool(told)

    async def _lane(self, target: Target, rows: Sequence[Row[Any]]) -> list[_Told]:
        """A client's notices, in their order; no more of them once one has failed."""
        told: list[_Told] = []
        circuit = target.circuit
        async with self._sending:
            for row in rows:
                now = self._control.clock().timestamp()
                answer = await self._send(target, row, now)
                circuit = circuit.after(answer, now)
                told.append(_Told(row, answer, circuit, now))
                if not answer.ok:
                    break
        return told

    async def _send(self, target: Target, row: Row[Any], now: float) -> Answer:
        body = row.body.encode()
        signed = signed_headers([target.secret], row.message, int(now), body)
        return await self._sender.send(Request(target.uri, body, {**_HEADERS, **signed}))

    async def _note(self, told: Sequence[_Told]) -> None:
        table, ends = tables.notices, tables.notice_targets
        async with self._control.store.write() as connection:
            for one in told:
                this = table.c.message == one.row.message
                await connection.execute(update(table).where(this).values(**one.values()))
                its = ends.c.client_id == one.row.client_id
                await connection.execute(update(ends).where(its).values(**one.circuit_values()))


@dataclass(frozen=True, slots=True)
class _Told:
    """One try, and what follows from it."""

    row: Row[Any]
    answer: Answer
    circuit: Circuit
    now: float

    def values(self) -> dict[str, Any]:
        tries = self.row.tries + 1
        found = verdict(
            self.answer,
            tries=tries,
            now=self.now,
            expires=None,
            chance=random.random(),  # noqa: S311 - jitter
        )
        return {
            "tries": tries,
            "told": self.row.told or self.now,
            "due": found.due,
            "acknowledged": self.now if self.answer.ok else None,
            "error": self.answer.error[:300],
        }

    def circuit_values(self) -> dict[str, Any]:
        return {
            "failures": self.circuit.failures,
            "failing_since": self.circuit.failing_since,
            "open_until": self.circuit.open_until,
        }


async def _due(connection: AsyncConnection, now: float) -> dict[str, list[Row[Any]]]:
    """What is due, oldest first, a few of each client; of one that keeps failing, one."""
    table, ends = tables.notices, tables.notice_targets
    rank = func.row_number().over(partition_by=table.c.client_id, order_by=table.c.created)
    ranked = (
        select(table, ends.c.failures, rank.label("rank"))
        .join(ends, ends.c.client_id == table.c.client_id)
        .where(table.c.due <= now, ends.c.open_until <= now)
        .subquery()
    )
    query = select(ranked).where(ranked.c.rank <= _OF_ONE).order_by(ranked.c.rank).limit(_PORTION)
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await connection.execute(query):
        probing = Circuit(row.failures).is_probing
        if not (probing and found.get(row.client_id)):
            found[row.client_id].append(row)
    return found
