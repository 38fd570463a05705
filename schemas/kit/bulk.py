"""Many rows in one statement.

PostgreSQL takes them as one JSON array (``json_to_recordset``), so that a thousand rows cost one
parameter, one message and one plan: an array for each column would have every single value checked
by the driver. SQLite is in the same process and takes them one after the other (``executemany``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Executable,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    TextClause,
    and_,
    any_,
    bindparam,
    delete,
    literal,
    text,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Delete, Update

Row = Mapping[str, Any]

_TYPES: Final = ((BigInteger, "int8"), (Integer, "int4"), (Float, "float8"), (JSON, "jsonb"))
"""PostgreSQL's; all else goes as text."""

_KEY: Final = "key_of_"


async def insert_many(
    connection: AsyncConnection,
    table: Table,
    rows: Sequence[Row],
    *,
    ignore: bool = False,
    returning: tuple[str, ...] = (),
) -> Sequence[Any]:
    """Insert rows, which all have the same columns.

    Args:
        ignore: pass over those of which the primary key, or what else is unique, is there.
        returning: columns of the rows that were inserted, to be given back, in no order.
    """
    if not rows:
        return ()
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        statement = _insert(table, names, ignore, returning)
        found = await connection.execute(statement, _as_json(table, names, rows))
        return found.all() if returning else ()
    found = await connection.execute(_insert_each(table, ignore, returning), rows)
    return found.all() if returning else ()


async def update_many(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Update rows, which all have the same columns, by their primary keys."""
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        await connection.execute(_update(table, names), _as_json(table, names, rows))
        return
    keys = [column.name for column in table.primary_key]
    renamed = [{(_KEY + n if n in keys else n): v for n, v in row.items()} for row in rows]
    await connection.execute(_update_one(table, names), renamed)


async def delete_many(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Delete what is like one of the rows, which all have the same columns."""
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        await connection.execute(_delete(table, names), _as_json(table, names, rows))
        return
    await connection.execute(_delete_one(table, names), rows)


def one_of(
    connection: AsyncConnection, column: Column[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """That a column of texts or whole numbers is one of some values.

    PostgreSQL takes them as one array, so that the statement is the same, and planned once, however
    many there are.
    """
    if connection.dialect.name != "postgresql":
        return column.in_(values)
    kind = BigInteger() if isinstance(column.type, Integer) else String()
    return column == any_(literal(list(values), ARRAY(kind)))


def _as_json(table: Table, names: Sequence[str], rows: Sequence[Row]) -> dict[str, str]:
    binary = [name for name in names if isinstance(table.c[name].type, LargeBinary)]
    if binary:
        rows = [{**row, **{name: row[name].hex() for name in binary}} for row in rows]
    if any(type(name) is not str for name in names):  # the names of columns need not be
        rows = [{str(name): value for name, value in row.items()} for row in rows]
    return {"rows": orjson.dumps(rows).decode()}


@lru_cache(maxsize=128)
def _insert(
    table: Table, names: tuple[str, ...], ignore: bool, returning: tuple[str, ...]
) -> TextClause:
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(_value(table.c[name]) for name in names)
    tail = " ON CONFLICT DO NOTHING" if ignore else ""
    if returning:
        tail += f" RETURNING {', '.join(f'{chr(34)}{name}{chr(34)}' for name in returning)}"
    return text(
        f"INSERT INTO {table.name} ({columns}) SELECT {values} FROM {_rows(table, names)}{tail}"  # noqa: S608
    )


@lru_cache(maxsize=128)
def _insert_each(table: Table, ignore: bool, returning: tuple[str, ...]) -> Executable:
    statement = sqlite.insert(table)
    statement = statement.on_conflict_do_nothing() if ignore else statement
    return statement.returning(*(table.c[name] for name in returning)) if returning else statement


@lru_cache(maxsize=128)
def _update(table: Table, names: tuple[str, ...]) -> TextClause:
    keys = [column.name for column in table.primary_key]
    changes = ", ".join(f'"{n}" = {_value(table.c[n])}' for n in names if n not in keys)
    same = " AND ".join(f'{table.name}."{name}" = r."{name}"' for name in keys)
    return text(f"UPDATE {table.name} SET {changes} FROM {_rows(table, names)} WHERE {same}")  # noqa: S608


@lru_cache(maxsize=128)
def _delete(table: Table, names: tuple[str, ...]) -> TextClause:
    same = " AND ".join(f'{table.name}."{name}" = r."{name}"' for name in names)
    return text(f"DELETE FROM {table.name} USING {_rows(table, names)} WHERE {same}")  # noqa: S608


def _rows(table: Table, names: Sequence[str]) -> str:
    columns = ", ".join(f'"{name}" {_type(table.c[name])}' for name in names)
    return f"json_to_recordset(CAST(:rows AS json)) AS r({columns})"


def _value(column: Column[Any]) -> str:
    value = f'r."{column.name}"'
    return f"decode({value}, 'hex')" if isinstance(column.type, LargeBinary) else value


def _type(column: Column[Any]) -> str:
    return next((name for kind, name in _TYPES if isinstance(column.type, kind)), "text")


@lru_cache(maxsize=128)
def _update_one(table: Table, names: tuple[str, ...]) -> Update:
    keys = [column.name for column in table.primary_key]
    here = and_(*(table.c[name] == bindparam(_KEY + name) for name in keys))
    return update(table).where(here).values({n: bindparam(n) for n in names if n not in keys})


@lru_cache(maxsize=128)
def _delete_one(table: Table, names: tuple[str, ...]) -> Delete:
    return delete(table).where(and_(*(table.c[name] == bindparam(name) for name in names)))
