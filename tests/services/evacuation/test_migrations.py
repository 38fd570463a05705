"""The service's tables by migration are those that its code speaks of, on both stores."""

from __future__ import annotations

from schemas.kit.migrations import current, differences, newest
from schemas.kit.store import Store
from services.evacuation.migrations import VERSIONS
from services.evacuation.tables import METADATA


async def test_migrated_tables_are_those_of_the_metadata(store_url: str) -> None:
    store = Store(store_url, "evacuation", METADATA, VERSIONS)
    try:
        await store.open()
        async with store.write() as connection:
            assert await connection.run_sync(differences, METADATA) == []
            assert await connection.run_sync(current) == newest(VERSIONS) != ""
    finally:
        await store.close()
