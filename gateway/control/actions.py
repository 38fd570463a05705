"""What operators did: one row for each action that changes the city for everybody.

Written in the transaction of the action itself, so that neither is there without the other; never
changed and never deleted. This is the one place through which such actions are recorded, and so
the place where an audit chain takes them up.
"""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables


async def record(
    connection: AsyncConnection, *, at: int, client_id: str, action: str, detail: dict[str, Any]
) -> None:
    """Record an action within its transaction.

    Args:
        at: seconds since the epoch.
        client_id: the operator's client.
        action: ``<noun>.<verb>``, such as ``emergency.declare``.
        detail: what was done; no personal data.
    """
    await connection.execute(
        insert(tables.operator_actions).values(
            id=secrets.token_hex(16),
            at=at,
            client_id=client_id,
            action=action,
            detail=orjson.dumps(detail).decode(),
        )
    )
