"""The end of a client, whoever ends it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.consent.withdraw import withdraw
from gateway.control.oauth import clients, records
from gateway.control.oauth.clients import Client
from gateway.control.state import Control


async def leave(
    control: Control, connection: AsyncConnection, client: Client, *, actor: str
) -> None:
    """Void its tokens, end what residents agreed to with it, and keep only its name for them.

    Args:
        connection: of :meth:`Control.change`.
    """
    now = control.now()
    gone = replace(
        client,
        state=clients.DELETED,
        management_hash="",
        secret_hash="",
        old_secret_hash="",
        jwks=None,
        proposed=None,
        revoked_before=now,
    )
    await clients.replace(connection, gone)
    for gid in await records.living_grants_of_client(connection, client.client_id, now):
        await withdraw(control, connection, gid, actor=actor)
    await control.record(connection, actor, "client.delete", client.client_id)
