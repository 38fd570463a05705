from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import MetaData, text

from connectors.payments.transaction import Transactions
from schemas.kit.store import Store
from schemas.problem import Conflict, Unavailable
from tests.servers.ports import free_ports


async def test_a_store_that_is_away_is_unavailable_not_a_failure() -> None:
    store = Store(f"postgresql+asyncpg://x@127.0.0.1:{free_ports(1)[0]}/x", "payments", MetaData())
    with pytest.raises(Unavailable) as refused:
        async with Transactions(store).alone("payment"):
            raise AssertionError("there is no store")
    assert refused.value.headers["retry-after"]
    await store.close()


async def test_one_of_a_name_runs_at_a_time_and_frees_it(tmp_path: Path, store_url: str) -> None:
    store = Store(store_url, "payments", MetaData())
    await store.open()
    transactions, elsewhere = Transactions(store), Transactions(store)
    for _ in range(2):
        async with transactions.alone("payment", "k"):
            with pytest.raises(Conflict):
                async with transactions.alone("payment", "k"):
                    raise AssertionError("the first is not done")
    if not store.is_sqlite:
        async with transactions.alone("payment", "k"), elsewhere.alone("payment", "other"):
            with pytest.raises(Conflict):
                async with elsewhere.alone("payment", "k"):
                    raise AssertionError("the first is not done")
    with pytest.raises(RuntimeError):
        async with transactions.alone("payment", "k") as connection:
            await connection.execute(text("CREATE TABLE half (x INTEGER)"))
            raise RuntimeError("in the middle")
    async with transactions.alone("payment", "k") as connection:
        await connection.execute(text("CREATE TABLE half (x INTEGER)"))  # it was rolled back
    await store.close()
