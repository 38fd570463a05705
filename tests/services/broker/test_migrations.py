"""The broker's tables by migration are those that its code speaks of, on both stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, text

from schemas.kit.migrations import UnknownTables, current, differences, newest, revision
from schemas.kit.store import Store
from services.broker import app as _app  # noqa: F401 - every module that has tables
from services.broker.migrations import VERSIONS
from services.broker.tables import COMPONENT, metadata


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    store = Store(store_url, COMPONENT, metadata, VERSIONS)
    yield store
    await store.close()


async def test_migrated_tables_are_those_of_the_metadata(store: Store) -> None:
    await store.open()
    async with store.write() as connection:
        assert await connection.run_sync(differences, metadata) == []
        assert await connection.run_sync(current) == newest(VERSIONS)
        boxes = "entity_boxes" if store.is_sqlite else "entity_places_by_box"
        where = "sqlite_master WHERE name" if store.is_sqlite else "pg_indexes WHERE indexname"
        found = await connection.execute(text(f"SELECT count(*) FROM {where} = '{boxes}'"))  # noqa: S608
        assert found.scalar_one() == 1


async def test_tables_made_before_there_were_migrations_are_adopted(
    store: Store, store_url: str
) -> None:
    before = Store(store_url, COMPONENT, metadata)
    await before.open()
    await before.close()
    await store.open()
    async with store.read() as connection:
        assert await connection.run_sync(current) == newest(VERSIONS)


async def test_other_tables_of_the_same_names_are_not_touched(store: Store, store_url: str) -> None:
    old = MetaData()
    Table("entities", old, Column("id", Integer, primary_key=True))
    before = Store(store_url, COMPONENT, old)
    await before.open()
    await before.close()
    with pytest.raises(UnknownTables, match="before there were migrations"):
        await store.open()


async def test_two_processes_open_a_store_at_once(store_url: str) -> None:
    stores = [Store(store_url, COMPONENT, metadata, VERSIONS) for _ in range(2)]
    await asyncio.gather(*(store.open() for store in stores))
    for store in stores:
        await store.close()


def test_a_new_version_says_what_is_new(tmp_path: Path) -> None:
    tables = MetaData()
    Table("things", tables, Column("id", Integer, primary_key=True))
    first = revision(tables, tmp_path, "The first things")
    assert first.name == "0001_the_first_things.py"
    Table("more", tables, Column("id", Integer, primary_key=True))
    second = revision(tables, tmp_path, "More")
    assert "create_table('more'" in second.read_text()
    assert "things" not in second.read_text()
    assert newest(tmp_path) == "0002"
