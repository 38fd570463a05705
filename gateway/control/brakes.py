"""The brake on guessing: who is wrong too often has to wait, for longer each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.secrets import Secrets

FREE_TRIES: Final = 5
"""Wrong secrets for one account before waiting begins; each further one doubles the wait."""
FREE_TRIES_OF_ADDRESS: Final = 50
"""The same for one source address, behind which a whole school may sit."""
LONGEST_WAIT: Final = 900


def of(secrets: Secrets, what: str, username: str, address: str) -> dict[str, int]:
    """The brakes on one try: of the account, and of the address that it comes from.

    Args:
        what: of which kind the account is, or what is tried at it; each is counted by itself.
        address: the source address, as the gateway saw it; it is counted for all kinds together.
    """
    return {
        secrets.hash(f"{what} {username}"): FREE_TRIES,
        secrets.hash(f"address {address}"): FREE_TRIES_OF_ADDRESS,
    }


class MustWait(Exception):
    """Too many wrong secrets.

    Args:
        seconds: to wait.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


async def count(connection: AsyncConnection, brakes: Mapping[str, int], now: int) -> None:
    """Count a try, before it is known to be wrong: or many at once would all be free.

    Args:
        brakes: keyed hash of an account or an address → its free tries.

    Raises:
        MustWait: for one of them; a right secret waits too.
    """
    for key, free in brakes.items():
        await _count(connection, key, free, now)


async def release(connection: AsyncConnection, brakes: Mapping[str, int]) -> None:
    """It was right after all."""
    table = tables.login_failures
    await connection.execute(delete(table).where(table.c.key.in_(brakes)))


async def _count(connection: AsyncConnection, key: str, free: int, now: int) -> None:
    table = tables.login_failures
    row = (await connection.execute(select(table).where(table.c.key == key))).one_or_none()
    failures = row.failures if row else 0
    wait = min(2 ** min(failures - free, 10), LONGEST_WAIT) if failures >= free else 0
    if row and row.last + wait > now:
        raise MustWait(row.last + wait - now)
    if row:
        changed = {"failures": failures + 1, "last": now}
        await connection.execute(update(table).where(table.c.key == key).values(**changed))
    else:
        await connection.execute(insert(table).values(key=key, failures=1, last=now))
