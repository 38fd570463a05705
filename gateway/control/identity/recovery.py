"""Recovery codes: with one of them, and nothing else, a resident sets a new password.

Residents make eight for themselves, or get one at the city's counter, where their papers are seen
(NIST SP 800-63B §6.1.2.3). Each is good once and is kept as a keyed hash.
"""

from __future__ import annotations

import secrets as random
from typing import Final

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.secrets import Secrets

OF_COUNTER: Final = 7 * 86_400
"""Seconds in which a code from the counter, or a letter, can be used."""
OWN: Final = 5 * 365 * 86_400
HOW_MANY: Final = 8
_LETTERS: Final = "23456789BCDFGHJKMNPQRSTVWXZ"
"""None that is taken for another on paper."""
_GROUPS, _GROUP = 4, 4  # 76 bits


async def make(
    connection: AsyncConnection, secrets: Secrets, resident_id: str, until: int, number: int = 1
) -> list[str]:
    """New codes; those before are void, wherever they came from."""
    table = tables.recovery_codes
    await connection.execute(delete(table).where(table.c.resident_id == resident_id))
    codes = [_code() for _ in range(number)]
    rows = [
        {"hash": _hash(secrets, code), "resident_id": resident_id, "expires": until}
        for code in codes
    ]
    await connection.execute(insert(table), rows)
    return codes


async def use(
    connection: AsyncConnection, secrets: Secrets, resident_id: str, code: str, now: int
) -> bool:
    """Whether the code is this resident's and good; it is not, afterwards."""
    table = tables.recovery_codes
    used = await connection.execute(
        delete(table).where(
            table.c.hash == _hash(secrets, code),
            table.c.resident_id == resident_id,
            table.c.expires > now,
        )
    )
    return used.rowcount == 1


def _code() -> str:
    groups = ("".join(random.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def _hash(secrets: Secrets, code: str) -> str:
    """Case and separators do not count."""
    return secrets.hash("recovery " + "".join(one for one in code.upper() if one in _LETTERS))
