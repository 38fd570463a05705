"""One kind of change of many rows by one statement, with expressions that plain values cannot say.

PostgreSQL takes all rows as one JSON array, as in :mod:`schemas.kit.bulk`; SQLite one after the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import JSON, ColumnElement, String, bindparam, cast, column, func
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Update
from sqlalchemy.types import TypeEngine

_ROWS: Final = "rows"

Told = Callable[[str], ColumnElement[Any]]
"""A value of the row that is written down, by its name."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change, composed once.

    Attributes:
        each: for one row; done again and again.
        all: for all rows, given as JSON.
    """

    each: Update
    all: Update


def change_of(kinds: Mapping[str, TypeEngine[Any]], update_by: Callable[[Told], Update]) -> Change:
    """The change that an update makes.

    Args:
        kinds: the values of a row, by name.
        update_by: the update, from where its values come from.
    """
    columns = [column(name, kind) for name, kind in kinds.items()]
    given = cast(bindparam(_ROWS, type_=String()), JSON())
    told = func.json_to_recordset(given).table_valued(*columns, name="told")
    rows = told.render_derived(with_types=True)
    return Change(
        each=update_by(lambda name: bindparam(name, type_=kinds[name])),
        all=update_by(lambda name: rows.c[name]),
    )


async def update_all(
    connection: AsyncConnection, change: Change, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Make a change of some rows."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        await connection.execute(change.each, rows)
        return
    await connection.execute(change.all, {_ROWS: orjson.dumps(rows).decode()})
