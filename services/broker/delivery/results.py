"""What came of deliveries, written for many endpoints in one transaction.

Each commit waits for the disk: results that come while one is being written go together into the
next (group commit), so a thousand endpoints cost a few commits and not a thousand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import (
    BigInteger,
    Float,
    Integer,
    String,
    and_,
    case,
    delete,
    func,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Update
from sqlalchemy.types import TypeEngine

from schemas.kit.bulk import one_of
from schemas.kit.outgoing.model import Attempt, State
from schemas.kit.outgoing.schedule import Circuit
from schemas.kit.store import Store
from services.broker.delivery.changes import Told, change_of, update_all
from services.broker.delivery.model import GivenUp, Mourner, Waiting
from services.broker.delivery.queue import lock
from services.broker.delivery.tables import MOST_ERROR, deliveries, endpoints

_MOST_ATTEMPTS: Final = 10


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one delivery.

    Attributes:
        attempt: None when it was not sent at all.
        due: when it is tried again; None when it is finished.
        reason: why it was dropped.
    """

    waiting: Waiting
    state: State
    due: float | None
    attempt: Attempt | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """One turn of an endpoint, to be written down: the endpoint is then free for the next."""

    endpoint: str
    process: str
    circuit: Circuit
    slow: bool
    results: Sequence[Result]
    at: float


class Ledger:
    """Writes what was served, as much at once as there is.

    Args:
        mourners: by kind of endpoint, who is told of what was given up.
    """

    def __init__(self, store: Store, mourners: Mapping[str, Mourner]) -> None:
        self._store, self._mourners = store, mourners
        self._new: list[tuple[Served, asyncio.Future[None]]] = []
        self._turn = asyncio.Lock()

    async def note(self, served: Served) -> None:
        """Returns when it is on disk.

        Raises:
            Exception: the store's; nothing was noted, and all of it will be delivered again.
        """
        written = asyncio.get_running_loop().create_future()
        self._new.append((served, written))
        async with self._turn:
            if not written.done():  # else it went with another's
                await self._write()
        await written

    async def _write(self) -> None:
        batch, self._new = self._new, []
        try:
            async with self._store.write() as connection:
                await _write(connection, [served for served, _ in batch])
                await self._mourn(connection, [served for served, _ in batch])
        except BaseException as error:
            for _, written in batch:
                _fail(written, error)
            raise
        for _, written in batch:
            if not written.done():
                written.set_result(None)

    async def _mourn(self, connection: AsyncConnection, batch: Sequence[Served]) -> None:
        for kind, mourner in self._mourners.items():
            given_up = [
                _given_up(result)
                for served in batch
                if served.endpoint.partition(":")[0] == kind
                for result in served.results
                if result.state == "failed"
            ]
            if given_up:
                await mourner(connection, given_up)


def _given_up(result: Result) -> GivenUp:
    error = result.attempt.error if result.attempt else result.reason
    return GivenUp(result.waiting.delivery, result.waiting.tries + 1, error)


def _fail(written: asyncio.Future[None], error: BaseException) -> None:
    if written.done():
        return
    if isinstance(error, Exception):
        written.set_exception(error)
        written.exception()  # looked at: the one who writes hears of it anyway
    else:
        written.cancel()


async def _write(connection: AsyncConnection, batch: Sequence[Served]) -> None:
    ends = [_as_endpoint(served) for served in batch]
    # first, and in their order: see services.broker.delivery.queue
    await lock(connection, [served.endpoint for served in batch])
    await update_all(connection, _FREE, ends)
    results = [(result, served.at) for served in batch for result in served.results]
    gone = [r.waiting.id for r, _ in results if r.due is None and not r.waiting.delivery.keep]
    if gone:
        these = one_of(connection, deliveries.c.id, gone)
        await connection.execute(delete(deliveries).where(these))
    await update_all(connection, _KEEP, [_as_row(r, at) for r, at in results if _is_kept(r)])
    await update_all(connection, _WAIT, [_as_row(r, at) for r, at in results if r.due is not None])


def _is_kept(result: Result) -> bool:
    return result.due is None and result.waiting.delivery.keep > 0


_columns = deliveries.c
_ROW: Final[Mapping[str, TypeEngine[Any]]] = {
    "which": BigInteger(),
    "again": Float(),
    "became": String(),
    "tried": Integer(),
    "log": String(),
    "at": Float(),
}


def _wait(told: Told) -> Update:
    return (
        update(deliveries)
        .where(_columns.id == told("which"))
        .values(due=told("again"), tries=told("tried"), attempts=told("log"))
    )


def _keep(told: Told) -> Update:
    return (
        update(deliveries)
        .where(_columns.id == told("which"))
        .values(
            due=None,
            body=b"",
            state=told("became"),
            finished=told("at"),
            tries=told("tried"),
            attempts=told("log"),
        )
    )


_WAIT: Final = change_of(_ROW, _wait)
_KEEP: Final = change_of(_ROW, _keep)


def _as_row(result: Result, at: float) -> dict[str, Any]:
    tried = [result.attempt.as_json()] if result.attempt else []
    dropped = [Attempt(at, 0, 0, f"not sent: {result.reason}").as_json()] if result.reason else []
    attempts = [*result.waiting.attempts, *tried, *dropped][-_MOST_ATTEMPTS:]
    return {
        "which": result.waiting.id,
        "again": result.due,
        "became": result.state,
        "tried": result.waiting.tries + len(tried),
        "log": orjson.dumps(attempts).decode(),
        "at": at,
    }


def _as_endpoint(served: Served) -> dict[str, Any]:
    tried = [result.attempt for result in served.results if result.attempt]
    failed = [attempt for attempt in tried if attempt.error]
    return {
        "name": served.endpoint,
        "process": served.process,
        "failures_now": served.circuit.failures,
        "since": served.circuit.failing_since,
        "opened": served.circuit.open_until,
        "why": served.circuit.disabled[:MOST_ERROR],
        "is_slow": int(served.slow),
        "more_sent": len(tried),
        "more_failed": len(failed),
        "sent_at": max((a.at for a in tried), default=None),
        "success_at": max((a.at for a in tried if not a.error), default=None),
        "failure_at": max((a.at for a in failed), default=None),
        "error": failed[-1].error[:MOST_ERROR] if failed else None,
    }


_ends = endpoints.c
_END: Final[Mapping[str, TypeEngine[Any]]] = {
    "name": String(),
    "process": String(),
    "failures_now": Integer(),
    "since": Float(),
    "opened": Float(),
    "why": String(),
    "is_slow": Integer(),
    "more_sent": BigInteger(),
    "more_failed": BigInteger(),
    "sent_at": Float(),
    "success_at": Float(),
    "failure_at": Float(),
    "error": String(),
}


def _free(told: Told) -> Update:
    return (
        update(endpoints)
        # not when the lease ran out and the endpoint is in another's hands
        .where(and_(_ends.endpoint == told("name"), _ends.lease == told("process")))
        .values(
            lease="",
            leased_until=0.0,
            failures=told("failures_now"),
            failing_since=told("since"),
            open_until=told("opened"),
            # somebody may have disabled it meanwhile
            disabled=case((_ends.disabled != "", _ends.disabled), else_=told("why")),
            slow=told("is_slow"),
            sent=_ends.sent + told("more_sent"),
            failed=_ends.failed + told("more_failed"),
            last_sent=func.coalesce(told("sent_at"), _ends.last_sent),
            last_success=func.coalesce(told("success_at"), _ends.last_success),
            last_failure=func.coalesce(told("failure_at"), _ends.last_failure),
            last_error=func.coalesce(told("error"), _ends.last_error),
        )
    )


_FREE: Final = change_of(_END, _free)
