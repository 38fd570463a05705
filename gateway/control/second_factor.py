"""The second factor: time-based one-time passwords (TOTP, RFC 6238), each good once.

Six digits of SHA-1 over steps of 30 seconds, which every authenticator app knows. The step before
and after are taken too (§5.2), and no step that was used or is older (§5.2: "MUST NOT accept the
second attempt"). The key lies sealed in the store.
"""

from __future__ import annotations

import hmac
import secrets as random
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.secrets import Secrets
from schemas.kit.store import Store

STEP: Final = 30
_KEY_BYTES: Final = 20
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Factor:
    """One account's authenticator.

    Attributes:
        account: ``staff:<id>`` or ``resident:<id>``.
        used: newest step whose code was taken.
        confirmed: the person has shown once that their app has the key.
    """

    account: str
    key: bytes
    used: int = -1
    confirmed: bool = False

    def step_of(self, code: str, now: int) -> int | None:
        """The step that ``code`` belongs to, if it may be used now; compares all three always."""
        totp, right = self._totp(), None
        given = code.strip().encode()
        for step in (now // STEP - 1, now // STEP, now // STEP + 1):
            if hmac.compare_digest(totp.generate(step * STEP), given) and step > self.used:
                right = step
        return right

    def uri(self, name: str, issuer: str) -> str:
        """``otpauth:`` address, for an app to read from a QR code."""
        return self._totp().get_provisioning_uri(name, issuer)

    def _totp(self) -> TOTP:
        return TOTP(self.key, _DIGITS, SHA1(), STEP)  # noqa: S303 - what apps know (RFC 6238 §1.2)


async def find(connection: AsyncConnection, secrets: Secrets, account: str) -> Factor | None:
    table = tables.second_factors
    query = select(table).where(table.c.account == account)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Factor(account, secrets.open(row.sealed, _label(account)), row.used, row.confirmed)


async def propose(
    connection: AsyncConnection, store: Store, secrets: Secrets, account: str
) -> Factor:
    """A new key, in place of any before; it counts when it is confirmed."""
    made = Factor(account, random.token_bytes(_KEY_BYTES))
    sealed = secrets.seal(made.key, _label(account))
    values = {"account": account, "sealed": sealed, "used": -1, "confirmed": False}
    await connection.execute(store.upsert(tables.second_factors, **values))
    return made


async def use(
    connection: AsyncConnection, secrets: Secrets, account: str, code: str, now: int
) -> bool:
    """Take a code, once: whoever comes second with it, or loses a race, is refused."""
    factor = await find(connection, secrets, account)
    step = factor.step_of(code, now) if factor else None
    if step is None:
        return False
    table = tables.second_factors
    taken = await connection.execute(
        update(table)
        .where(table.c.account == account, table.c.used < step)
        .values(used=step, confirmed=True)
    )
    return taken.rowcount == 1


async def remove(connection: AsyncConnection, account: str) -> None:
    table = tables.second_factors
    await connection.execute(delete(table).where(table.c.account == account))


def _label(account: str) -> str:
    return f"second factor of {account}"
