"""Signing keys: no good token is refused by a rotation, no bad one survives an urgent one."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc.errors import JoseError
from sqlalchemy import select

from gateway.control import tables
from gateway.control.oauth import signing_keys
from gateway.control.secrets import Secrets
from tests.gateway.control.city import MASTER, City, running


async def kids(city: City) -> list[str]:
    """Of the keys that sign tokens; the one of receipts is always there."""
    keys = (await city.http.get("/oauth/jwks")).json()["keys"]
    return [key["kid"] for key in keys if key["alg"] == "ES256"]


async def test_a_rotation_overlaps(city: City) -> None:
    old = (await city.token()).json()["access_token"]
    (first,) = await kids(city)
    answer = await city.http.post("/control/v1/keys/rotate", json={})
    second = answer.json()["kid"]
    # published at once, to the world and to the core, before it signs
    assert sorted(await kids(city)) == sorted([first, second])
    assert {key["kid"] for key in (await city.policy())["keys"]} == {first, second}
    assert kid_of((await city.token()).json()["access_token"]) == first

    city.clock.advance(signing_keys.LEAD)
    assert kid_of((await city.token()).json()["access_token"]) == second
    assert await city.claims(old)

    city.clock.advance(signing_keys.LONGEST_TOKEN + 120)
    await city.control.publisher.refresh()
    assert await kids(city) == [second]
    assert [key["kid"] for key in (await city.policy())["keys"]] == [second]


async def test_a_stolen_key_is_gone_at_once(city: City) -> None:
    old = (await city.token()).json()["access_token"]
    await city.http.post("/control/v1/keys/rotate", json={"immediately": True})
    assert len(await kids(city)) == 1
    with pytest.raises(JoseError):
        await city.claims(old)
    assert await city.claims((await city.token()).json()["access_token"])


async def test_keys_are_rotated_by_themselves(small_city: City) -> None:
    async with small_city.control.store.write() as connection:
        now = int(small_city.clock.now.timestamp())
        secrets = small_city.control.secrets
        assert not await signing_keys.ensure(connection, secrets, now)
        assert await signing_keys.ensure(connection, secrets, now + signing_keys.ROTATE_EVERY)
        assert len((await signing_keys.load(connection, secrets)).keys) == 2


async def test_private_keys_are_unreadable_without_the_master_key(small_city: City) -> None:
    async with small_city.control.store.read() as connection:
        row = (await connection.execute(select(tables.signing_keys))).one()
    assert b'"d"' not in row.sealed
    assert '"d"' not in row.public
    with pytest.raises(ValueError, match="another master key"):
        Secrets(b"x" * 32).open(row.sealed, f"signing key {row.kid}")
    with pytest.raises(ValueError, match="another master key"):
        Secrets(MASTER).open(row.sealed, "signing key other")


async def test_tokens_outlive_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as city:
        token = (await city.token()).json()["access_token"]
        revision = (await city.policy())["revision"]
    async with running(tmp_path) as city:
        assert await city.claims(token)
        assert (await city.policy())["revision"] == revision


def kid_of(token: str) -> str:
    from joserfc import jws

    return str(jws.extract_compact(token.encode()).headers()["kid"])
