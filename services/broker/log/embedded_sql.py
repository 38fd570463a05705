"""The SQL of the embedded log: plain functions on a connection, each one transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

COMPACT_AFTER_SECONDS: Final = 3600
"""A record of a compacted topic stays this long even when a newer one of its key is there, so that
a reader who was away for a while still sees every step."""

_PORTION: Final = 5000
_LOCK_WAIT_SECONDS: Final = 10.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY, retention INTEGER NOT NULL, compacted INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS records (
    row INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL,
    value BLOB NOT NULL, headers BLOB NOT NULL, added INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS records_key ON records (topic, key, row);
CREATE TABLE IF NOT EXISTS offsets (
    grp TEXT NOT NULL, slot TEXT NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (grp, slot));
"""


def connect(path: str) -> sqlite3.Connection:
    """A connection to the log's file, created when missing."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=_LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False
    )
    _set_up(connection)
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    # going over to WAL asks for the file alone and does not wait for it: processes that start
    # together try again
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous=FULL")
    with _writing(connection):
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def data_version(connection: sqlite3.Connection) -> int:
    """Changes when another connection has committed."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def ensure(connection: sqlite3.Connection, topics: Iterable[tuple[str, int, bool]]) -> None:
    with _writing(connection):
        connection.executemany(
            "INSERT INTO topics VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
            " SET retention = excluded.retention, compacted = excluded.compacted",
            topics,
        )


def append(connection: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> None:
    with _writing(connection):
        connection.executemany(
            "INSERT INTO records (topic, key, value, headers, added) VALUES (?, ?, ?, ?, ?)", rows
        )


def end(connection: sqlite3.Connection) -> int:
    """The next row number; rows removed by retention do not lower it."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    return int(found[0]) + 1 if found else 0


def since(connection: sqlite3.Connection, when: float) -> int:
    """The first row that was added at ``when`` or later; rows are in the order of their time."""
    connection.execute("BEGIN")
    try:
        low, high = 0, end(connection)
        while low < high:
            middle = (low + high) // 2
            found = connection.execute(
                "SELECT row, added FROM records WHERE row >= ? ORDER BY row LIMIT 1", (middle,)
            ).fetchone()
            if found is None or found[1] >= int(when):
                high = middle
            else:
                low = found[0] + 1
    finally:
        connection.execute("COMMIT")
    return low


def read(
    connection: sqlite3.Connection, topics: Sequence[str], start: int, limit: int
) -> tuple[list[Any], int]:
    """Rows of ``topics`` from ``start`` on, and where to go on from.

    Looked for row by row: by the index of topics (which the plus keeps SQLite from using) each
    look would go through all that the log has of them, and put it in order.
    """
    marks = ",".join("?" * len(topics))
    connection.execute("BEGIN")  # both looks see the same state
    try:
        last = end(connection)
        rows = connection.execute(
            "SELECT row, topic, key, value, headers FROM records"  # noqa: S608 - marks only
            f" WHERE row >= ? AND +topic IN ({marks}) ORDER BY row LIMIT ?",
            (start, *topics, limit),
        ).fetchall()
    finally:
        connection.execute("COMMIT")
    return rows, rows[-1][0] + 1 if len(rows) == limit else last


def committed(connection: sqlite3.Connection, group: str) -> dict[str, int]:
    rows = connection.execute("SELECT slot, offset FROM offsets WHERE grp = ?", (group,))
    return dict(rows.fetchall())


def commit(connection: sqlite3.Connection, group: str, offsets: dict[str, int]) -> None:
    with _writing(connection):
        connection.executemany(
            "INSERT INTO offsets VALUES (?, ?, ?) ON CONFLICT (grp, slot) DO UPDATE"
            " SET offset = max(offset, excluded.offset)",
            [(group, slot, offset) for slot, offset in offsets.items()],
        )


def tidy(connection: sqlite3.Connection, now: int) -> int:
    """Remove a portion of what may go; how many records that were."""
    topics = connection.execute("SELECT name, retention, compacted FROM topics").fetchall()
    removed = 0
    for name, retention, compacted in topics:
        if retention:
            removed += _remove(connection, "added < ?", (name, now - retention))
        if compacted:
            newer = (
                "added < ? AND EXISTS (SELECT 1 FROM records AS newer WHERE newer.topic ="
                " records.topic AND newer.key = records.key AND newer.row > records.row)"
            )
            removed += _remove(connection, newer, (name, now - COMPACT_AFTER_SECONDS))
    return removed


def _remove(connection: sqlite3.Connection, which: str, values: tuple[str, int]) -> int:
    with _writing(connection):
        return connection.execute(
            "DELETE FROM records WHERE row IN (SELECT row FROM records"  # noqa: S608 - constants
            f" WHERE topic = ? AND {which} LIMIT {_PORTION})",
            values,
        ).rowcount
