"""The registry's SQL: types and versions, in the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.registry.tables import registered_schemas, registered_types


async def find_type(connection: AsyncConnection, name: str) -> Row[Any] | None:
    query = select(registered_types).where(registered_types.c.type == name)
    return (await connection.execute(query)).one_or_none()


async def owner_of_topic(connection: AsyncConnection, topic: str) -> str | None:
    """Whose the types on a topic are; None when there is none."""
    query = select(registered_types.c.owner).where(registered_types.c.topic == topic).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()


async def count_types(connection: AsyncConnection, owner: str) -> int:
    query = select(func.count()).where(registered_types.c.owner == owner)
    return int((await connection.execute(query)).scalar_one())


async def newest_version(connection: AsyncConnection, name: str) -> Row[Any] | None:
    query = (
        select(registered_schemas)
        .where(registered_schemas.c.type == name)
        .order_by(registered_schemas.c.version.desc())
        .limit(1)
    )
    return (await connection.execute(query)).one_or_none()


async def save_type(connection: AsyncConnection, store: Store, values: dict[str, Any]) -> None:
    """Write a type; every broker process sees by ``change`` that there is something new."""
    newest = select(func.coalesce(func.max(registered_types.c.change), 0))
    change = (await connection.execute(newest)).scalar_one() + 1
    await connection.execute(store.upsert(registered_types, **values, change=change))


async def add_version(
    connection: AsyncConnection, name: str, number: int, schema: str, registered: int
) -> None:
    row = {"type": name, "version": number, "schema": schema, "registered": registered}
    await connection.execute(insert(registered_schemas).values(**row))
