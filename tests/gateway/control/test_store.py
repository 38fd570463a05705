"""Several control planes on one store, and a store that goes away."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import text

from tests.gateway.control.city import SECRET, City, running


async def test_two_that_start_at_once_become_one_city(store_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        starting = [
            stack.enter_async_context(running(tmp_path / name, store_url=store_url))
            for name in ("a", "b")
        ]
        one, other = await asyncio.gather(*starting)
        for city in (one, other):
            await city.control.publisher.refresh()
        assert await one.policy() == await other.policy()
        token = (await one.token()).json()["access_token"]
        assert await other.claims(token)
        code = await one.code()
        answers = await asyncio.gather(*(city.redeem(code) for city in (one, other)))
        assert sorted(answer.status_code for answer in answers) in ([200, 400], [400, 400])


async def test_what_one_revokes_the_other_publishes(store_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(running(tmp_path / name, store_url=store_url))
            for name in ("a", "b")
        ]
        held = (await other.policy())["revision"]
        token = (await one.token()).json()["access_token"]
        headers = {"if-none-match": held, "prefer": "wait=5"}
        poll = asyncio.create_task(other.http.get("/internal/policy", headers=headers))
        await one.http.post("/oauth/revoke", data={"token": token}, auth=("machine", SECRET))
        answer = await poll
        jti = (await one.claims(token))["jti"]
        assert jti in answer.json()["revoked"]["tokens"]


async def test_without_its_store_it_says_so_and_keeps_the_policy(small_city: City) -> None:
    async with small_city.control.store.write() as connection:
        await connection.execute(text("ALTER TABLE clients RENAME TO away"))
    token = await small_city.token()
    assert (token.status_code, token.headers["retry-after"]) == (503, "2")
    assert token.headers["content-type"] == "application/problem+json"
    assert (await small_city.http.get("/internal/policy")).status_code == 200
    assert (await small_city.http.get("/oauth/jwks")).status_code == 200
