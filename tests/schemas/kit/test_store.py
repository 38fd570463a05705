from __future__ import annotations

import asyncio

import asyncpg
from sqlalchemy import BigInteger, Column, MetaData, String, Table, select, text

from schemas.kit.bulk import insert_many, one_of
from schemas.kit.store import Store


async def test_a_connection_that_the_server_has_closed_is_replaced(postgres_url: str) -> None:
    """As after a restart of PostgreSQL: nobody is refused for it."""
    store = Store(postgres_url, "kit_store", MetaData())
    async with store.read() as connection:
        before = await connection.scalar(text("SELECT pg_backend_pid()"))
        driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, asyncpg.Connection)
    other = Store(postgres_url, "kit_store", MetaData())
    async with other.read() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": before})
    async with asyncio.timeout(10):
        while not driver.is_closed():
            await asyncio.sleep(0.01)
    async with store.read() as connection:
        assert await connection.scalar(text("SELECT pg_backend_pid()")) != before
    await other.close()
    await store.close()


async def test_one_of_takes_texts_and_numbers_however_many(postgres_url: str) -> None:
    metadata = MetaData()
    things = Table(
        "things", metadata, Column("id", BigInteger, primary_key=True), Column("name", String(9))
    )
    store = Store(postgres_url, "kit_store", metadata)
    await store.open()
    async with store.write() as connection:
        rows = [{"id": number, "name": f"n{number}"} for number in range(5)]
        await insert_many(connection, things, rows)
        for column, wanted in ((things.c.id, [1, 3, 7]), (things.c.name, ["n1", "n3", "'"])):
            query = select(things.c.id).where(one_of(connection, column, wanted))
            found = await connection.scalars(query.order_by(things.c.id))
            assert list(found) == [1, 3]
        none = select(things.c.id).where(one_of(connection, things.c.id, []))
        assert not list(await connection.scalars(none))
    await store.close()
