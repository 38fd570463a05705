"""The control plane's tables by migration are those that its code speaks of, on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from gateway.control.migrations import VERSIONS
from gateway.control.tables import metadata
from schemas.kit.migrations import UnknownTables, current, differences, newest
from schemas.kit.store import Store


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    store = Store(store_url, "control", metadata, VERSIONS)
    yield store
    await store.close()


async def made_before(store_url: str, *changes: str) -> None:
    """Tables as a program without migrations made them, and then changed."""
    before = Store(store_url, "control", metadata)
    await before.open()
    async with before.write() as connection:
        for change in changes:
            await connection.execute(text(change))
    await before.close()


async def test_migrated_tables_are_those_of_the_metadata(store: Store) -> None:
    await store.open()
    async with store.write() as connection:
        assert await connection.run_sync(differences, metadata) == []
        assert await connection.run_sync(current) == newest(VERSIONS)


async def test_tables_made_before_there_were_migrations_are_adopted(
    store: Store, store_url: str
) -> None:
    await made_before(store_url)
    await store.open()
    async with store.read() as connection:
        assert await connection.run_sync(current) == newest(VERSIONS)


async def test_tables_without_a_column_are_refused_in_words_and_left_alone(
    store: Store, store_url: str
) -> None:
    await made_before(
        store_url,
        "ALTER TABLE clients DROP COLUMN quota",
        "DROP INDEX ix_codes_expires",
        "DROP TABLE links",
    )
    with pytest.raises(UnknownTables) as refused:
        await store.open()
    told = str(refused.value)
    assert "clients has no column quota" in told
    assert "codes has no index ix_codes_expires" in told
    assert "there is no table links" in told
    assert "move them away, and start again" in told
    assert "control.db" in told if store.is_sqlite else "schema control" in told
    async with store.read() as connection:
        assert await connection.run_sync(current) == ""


async def test_a_column_of_another_kind_is_refused_too(store: Store, store_url: str) -> None:
    await made_before(
        store_url,
        "ALTER TABLE cache_purges RENAME TO old",
        "CREATE TABLE cache_purges (what VARCHAR(320) NOT NULL PRIMARY KEY, moment TEXT)",
    )
    with pytest.raises(UnknownTables, match=r"cache_purges\.moment has another (type|nullable)"):
        await store.open()
