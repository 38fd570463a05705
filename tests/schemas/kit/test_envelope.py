"""A key for each subject, and nothing once it is destroyed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData, select, update

from schemas.kit.envelope import Envelopes, key_table
from schemas.kit.store import Store

metadata = MetaData()
TABLE = key_table(metadata)
ENVELOPES = Envelopes(TABLE, b"m" * 32)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}", "test", metadata)
    await store.open()
    yield store
    await store.close()


async def test_what_is_sealed_for_one_is_opened_by_that_key_alone(store: Store) -> None:
    async with store.write() as connection:
        keys = await ENVELOPES.keys(connection, ["hanako", "taro"])
        hanako, taro = keys["hanako"], keys["taro"]
        assert hanako is not None
        assert taro is not None
        sealed = hanako.seal(b"secret", b"label")
        again = (await ENVELOPES.held(connection, ["hanako", "nobody"]))["hanako"]
        assert again.open(sealed, b"label") == b"secret"
        assert hanako.seal(b"secret", b"label") != sealed
        for key, label in ((taro, b"label"), (hanako, b"other")):
            with pytest.raises(ValueError, match="not sealed"):
                key.open(sealed, label)
        with pytest.raises(ValueError, match="not sealed"):
            hanako.open(b"", b"label")


async def test_the_table_tells_neither_subjects_nor_keys(store: Store) -> None:
    async with store.write() as connection:
        await ENVELOPES.keys(connection, ["hanako"])
        (row,) = await connection.execute(select(TABLE))
    assert "hanako" not in str(row)
    async with store.read() as connection:
        assert await Envelopes(TABLE, b"x" * 32).held(connection, ["hanako"]) == {}


async def test_a_destroyed_key_does_not_come_back(store: Store) -> None:
    async with store.write() as connection:
        for subject in ("hanako", "never seen"):
            await ENVELOPES.keys(connection, ["hanako"])
            assert await ENVELOPES.destroy(connection, subject, 1)
            assert not await ENVELOPES.destroy(connection, subject, 2)
            assert await ENVELOPES.keys(connection, [subject]) == {subject: None}
            assert await ENVELOPES.held(connection, [subject]) == {}


async def test_a_key_put_in_another_place_is_none(store: Store) -> None:
    async with store.write() as connection:
        await ENVELOPES.keys(connection, ["hanako", "taro"])
        one, *_ = [row.wrapped for row in await connection.execute(select(TABLE))]
        await connection.execute(update(TABLE).values(wrapped=one))
        assert len(await ENVELOPES.held(connection, ["hanako", "taro"])) == 1


def test_a_short_master_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Envelopes(TABLE, b"short")
