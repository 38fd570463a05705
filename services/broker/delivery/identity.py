"""What a broker is known by, kept in its store and the same for all of its processes."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import Column, String, Table, select

from schemas.kit.store import Store
from services.broker.tables import metadata

_ID: Final = "id"
_KEY: Final = "key"

identity = Table(
    "broker_identity",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", String(100), nullable=False),
)


async def broker_id(store: Store) -> str:
    """The broker's name among brokers (:mod:`services.broker.delivery.loops`)."""
    return await _value(store, _ID, f"broker-{secrets.token_hex(6)}")


async def broker_key(store: Store, given: str) -> bytes:
    """The key under which subscribers' secrets are kept.

    Args:
        given: the secret of the broker's surroundings. A broker that has none, alone on a trusted
            network, makes one and keeps it beside what it protects: no worse than the network.
    """
    return (given or await _value(store, _KEY, secrets.token_hex(32))).encode()


async def _value(store: Store, name: str, fresh: str) -> str:
    async with store.write() as connection:
        made = store.insert(identity).values(name=name, value=fresh).on_conflict_do_nothing()
        await connection.execute(made)
        found = select(identity.c.value).where(identity.c.name == name)
        return str((await connection.execute(found)).scalar_one())
