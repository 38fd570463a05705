"""Signing keys (RFC 7517): made, kept encrypted, rotated with overlap.

A new key is published at once but signs only after ``LEAD``, so that everyone who verifies has
seen it; the old one stays published until the last token it signed has expired. A key believed
stolen is rotated ``immediately``: it signs and is published no more from this moment on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, cast

from joserfc.jwk import ECKey
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.secrets import Secrets
from schemas.policy import Jwk

ALG: Final = "ES256"
LEAD: Final = 60
"""Seconds between publishing a key and signing with it; longer than ``CACHE``."""
CACHE: Final = 30
"""Seconds for which a reader may keep the published set."""
LONGEST_TOKEN: Final = 3600
_MARGIN: Final = 120  # seconds of clocks that differ
ROTATE_EVERY: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    alg: str
    public: Jwk
    private: ECKey
    signs_from: int
    retires: int | None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that are published, oldest first."""

    keys: tuple[SigningKey, ...]

    def signer(self, now: int) -> SigningKey:
        """The youngest key whose time has come."""
        ready = [key for key in self.keys if key.signs_from <= now]
        return max(ready, key=lambda key: key.signs_from) if ready else self.keys[0]

    def published(self, now: int) -> list[Jwk]:
        return [key.public for key in self.keys if key.retires is None or key.retires > now]

    def verifier(self, kid: str, now: int) -> SigningKey | None:
        known = {key.kid: key for key in self.keys if key.retires is None or key.retires > now}
        return known.get(kid)


async def load(connection: AsyncConnection, secrets: Secrets) -> KeyRing:
    rows = await connection.execute(
        select(tables.signing_keys).order_by(tables.signing_keys.c.signs_from)
    )
    return KeyRing(tuple(_read(row, secrets) for row in rows))


async def rotate(
    connection: AsyncConnection, secrets: Secrets, now: int, *, immediately: bool = False
) -> str:
    """Make a new signing key and set an end to those before it; the new key's ``kid``."""
    table = tables.signing_keys
    signs_from = now if immediately else now + LEAD
    retires = signs_from + LONGEST_TOKEN + _MARGIN
    if immediately:
        await connection.execute(delete(table))
    else:
        await connection.execute(delete(table).where(table.c.retires <= now))
        await connection.execute(
            update(table).where(table.c.retires.is_(None)).values(retires=retires)
        )
    return await _make(connection, secrets, signs_from)


async def ensure(connection: AsyncConnection, secrets: Secrets, now: int) -> bool:
    """Make the first key, or rotate when the newest is too old; whether anything changed."""
    table = tables.signing_keys
    newest = (
        await connection.execute(
            select(table.c.signs_from).order_by(table.c.signs_from.desc()).limit(1)
        )
    ).scalar()
    if newest is None:
        await _make(connection, secrets, now)
    elif newest + ROTATE_EVERY <= now:
        await rotate(connection, secrets, now)
    else:
        return False
    return True


async def _make(connection: AsyncConnection, secrets: Secrets, signs_from: int) -> str:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALG}, auto_kid=True)
    private = key.as_dict(private=True)
    kid = str(private["kid"])
    public = {name: private[name] for name in ("kid", "kty", "alg", "use", "crv", "x", "y")}
    await connection.execute(
        insert(tables.signing_keys).values(
            kid=kid,
            alg=ALG,
            public=json.dumps(public),
            sealed=secrets.seal(json.dumps(private).encode(), _label(kid)),
            signs_from=signs_from,
            retires=None,
        )
    )
    return kid


def _read(row: Any, secrets: Secrets) -> SigningKey:
    private = json.loads(secrets.open(row.sealed, _label(row.kid)))
    return SigningKey(
        kid=row.kid,
        alg=row.alg,
        public=cast(Jwk, json.loads(row.public)),
        private=ECKey.import_key(private),
        signs_from=row.signs_from,
        retires=row.retires,
    )


def _label(kid: str) -> str:
    return f"signing key {kid}"
