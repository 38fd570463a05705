from __future__ import annotations

from pathlib import Path

import httpx
from fastapi import FastAPI
from sqlalchemy import MetaData, text

from schemas.kit.refusals import add_problem_handlers
from schemas.kit.store import Store
from tests.servers.ports import free_ports


async def answer(store: Store, statement: str, **values: str) -> httpx.Response:
    """What an API says whose operation runs ``statement``."""
    app = FastAPI()
    add_problem_handlers(app)

    @app.get("/")
    async def read() -> str:
        async with store.read() as connection:
            return str((await connection.execute(text(statement), values)).scalar_one())

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as api:
        found = await api.get("/")
    await store.close()
    return found


async def test_a_store_that_nobody_serves_is_answered_with_503() -> None:
    (port,) = free_ports(1)
    store = Store(f"postgresql+asyncpg://x@127.0.0.1:{port}/x", "x", MetaData())
    found = await answer(store, "SELECT 1")
    assert found.status_code == 503
    assert found.headers["retry-after"] == "2"
    assert found.headers["content-type"] == "application/problem+json"


async def test_a_store_that_answers_is_not_in_the_way(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}", "x", MetaData())
    assert (await answer(store, "SELECT 1")).json() == "1"


async def test_a_text_that_the_store_cannot_hold_is_the_clients_mistake(postgres_url: str) -> None:
    found = await answer(
        Store(postgres_url, "x", MetaData()), "SELECT CAST(:said AS text)", said="a\0b"
    )
    assert found.status_code == 422
    assert "NUL" in found.json()["detail"]
