from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from schemas.kit.bulk import delete_many, insert_many, update_many
from schemas.kit.store import Store

METADATA = MetaData()
THINGS = Table(
    "things",
    METADATA,
    Column("id", String(50), primary_key=True),
    Column("large", BigInteger),
    Column("small", Integer),
    Column("real", Float(53)),
    Column("body", LargeBinary),
    Column("document", JSON().with_variant(JSONB(), "postgresql")),
)
ROWS = [
    {
        "id": f"'東京\"\\{number}",
        "large": -(2**62) - number,
        "small": number,
        "real": 139.76712512345678 / (number + 1),
        "body": bytes(range(256)),
        "document": {"a": [None, True, {"b": "é\n"}], "": number / 7},
    }
    for number in range(3)
]


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite+aiosqlite:///{tmp_path}"
    store = Store(url, "kit_bulk", METADATA)
    await store.open()
    async with store.write() as connection:
        await connection.execute(THINGS.delete())
    yield store
    await store.close()


async def _all(store: Store) -> Sequence[dict[str, Any]]:
    async with store.read() as connection:
        rows = await connection.execute(select(THINGS).order_by(THINGS.c.small))
        return [dict(row) for row in rows.mappings()]


async def test_rows_go_in_as_they_are_and_change_and_go(store: Store) -> None:
    async with store.write() as connection:
        await insert_many(connection, THINGS, ROWS)
    assert await _all(store) == ROWS
    changed = [{"id": row["id"], "document": [], "body": b""} for row in ROWS[1:]]
    async with store.write() as connection:
        await update_many(connection, THINGS, changed)
    assert await _all(store) == [
        ROWS[0],
        *({**row, "document": [], "body": b""} for row in ROWS[1:]),
    ]
    async with store.write() as connection:
        await delete_many(connection, THINGS, [{"id": row["id"], "small": 1} for row in ROWS])
    assert [row["small"] for row in await _all(store)] == [0, 2]


async def test_rows_that_are_there_are_passed_over_where_that_is_asked_for(store: Store) -> None:
    async with store.write() as connection:
        await insert_many(connection, THINGS, ROWS[:1])
        other = [{**row, THINGS.c.small.name: 9} for row in ROWS]
        await insert_many(connection, THINGS, other, ignore=True)
    assert [row["small"] for row in await _all(store)] == [0, 9, 9]
