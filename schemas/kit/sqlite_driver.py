"""The SQLite driver's connection, made safe for tasks that are cancelled at any moment.

As the driver is, a task that is cancelled while SQLite works for it leaves at once, and SQLite goes
on in the connection's own thread: it begins a transaction that nobody knows of any more, and holds
every other writer off with it. Here

- a cancellation waits for the call in hand, which the busy timeout bounds, and is raised after it:
  what SQLAlchemy then rolls back or closes is at rest;
- a connection rolls back before it is closed. SQLite keeps a closed connection, and its
  transaction, as long as some statement of it has rows that were not fetched, and a cancelled
  task's traceback may hold that statement for long.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar, cast

import aiosqlite
from aiosqlite.core import _STOP_RUNNING_SENTINEL

_Result = TypeVar("_Result")
_CHUNK: Final = 64
"""Rows that are fetched at a time where a result is iterated over."""


class Connection(aiosqlite.Connection):
    """A connection to one file; SQLAlchemy takes it as ``async_creator_fn``.

    Args:
        path, options: what :func:`sqlite3.connect` takes.
    """

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(partial(sqlite3.connect, path, **options), _CHUNK)
        self._thread.daemon = True  # a process that ends does not wait for it
        self._stopped: asyncio.Future[Any] | None = None

    async def _execute(self, fn: Callable[..., _Result], *args: Any, **kwargs: Any) -> _Result:
        """Every call of the connection, and of its cursors, goes through here."""
        if not self._running or not self._connection:
            raise ValueError("Connection closed")  # the driver's own words
        return await to_its_end(self._call(partial(fn, *args, **kwargs)))

    def _call(self, work: Callable[[], _Result]) -> asyncio.Future[_Result]:
        called: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((cast(Any, _Told(called)), work))
        return called

    def stop(self) -> asyncio.Future[Any] | None:
        """Close, and end the thread, after what it has in hand.

        Again does nothing: a second word would never be answered.
        """
        self._running = False
        if self._stopped is None:
            try:
                self._stopped = self._call(self._end)
            except RuntimeError:  # collected where no loop runs: nobody waits
                self._tx.put_nowait((None, self._end))
        return self._stopped

    def _end(self) -> object:
        connection, self._connection = self._connection, None
        if connection is not None:
            if connection.in_transaction:
                connection.rollback()
            connection.close()
        return _STOP_RUNNING_SENTINEL

    async def close(self) -> None:
        """:meth:`stop`, waited for; in whatever order the two are called, it is closed."""
        stopped = self.stop()
        if stopped is not None:
            await to_its_end(stopped)


class _Told:
    """Stands for a future where the driver's thread tells its loop, which may have ended."""

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self._future = future

    def get_loop(self) -> _Told:
        return self

    def call_soon_threadsafe(self, tell: Callable[..., None], _: _Told, word: object) -> None:
        with suppress(RuntimeError):
            self._future.get_loop().call_soon_threadsafe(tell, self._future, word)


async def to_its_end(called: asyncio.Future[_Result]) -> _Result:
    """The result of what a thread was given to do, waited for also when cancelled.

    Raises:
        asyncio.CancelledError: the task was cancelled meanwhile; what was called has ended.
    """
    try:
        return await asyncio.shield(called)
    except asyncio.CancelledError:
        while not called.done():
            try:
                await asyncio.wait((called,))
            except asyncio.CancelledError:
                continue  # told once is enough
        raise
