"""What is kept of a consent, and finding it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from schemas import consent
from schemas.consent import Consent


@dataclass(frozen=True, slots=True)
class Given:
    """One resident's yes to one client: a data set, some or all of its fields, one purpose, until.

    Attributes:
        gid: the grant that it is part of.
        organisation: who receives, as far as several clients are one (the client's own id where
            it names no organisation).
        fields: ids of the data set's fields; empty for all.
        until: seconds since the epoch; never later than the grant's end.
        withdrawn: when it was ended before that; ``None`` while it was not.
        text_hash: of the very words shown (:mod:`gateway.control.consent.wording`).
        recipients: clients that may act with it by token exchange (RFC 8693).
        combination: the domains that the resident was shown together and said yes to; empty where
            the city's limit asked for nothing.
    """

    consent_id: str
    gid: str
    client_id: str
    organisation: str
    resident_id: str
    dataset: str
    domain: str
    fields: tuple[str, ...]
    purpose: str
    created: int
    until: int
    withdrawn: int | None = None
    text_hash: str = ""
    combination: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()

    def is_alive(self, now: int) -> bool:
        return self.withdrawn is None and now < self.until

    def as_detail(self) -> Consent:
        """As tokens carry it (RFC 9396 §9.1)."""
        detail = Consent(
            type=consent.TYPE,
            dataset=self.dataset,
            purpose=self.purpose,
            until=self.until,
            consent_id=self.consent_id,
        )
        if self.fields:
            detail["fields"] = list(self.fields)
        if self.recipients:
            detail["recipients"] = list(self.recipients)
        return detail


_LISTS: Final = ("fields", "combination", "recipients")


async def add(connection: AsyncConnection, given: Iterable[Given]) -> None:
    rows = [_write(one) for one in given]
    if rows:
        await connection.execute(insert(tables.consents), rows)


async def of_grant(connection: AsyncConnection, gid: str) -> tuple[Given, ...]:
    """All consents of a grant, ended ones too, in the order of their data sets."""
    return await _select(connection, tables.consents.c.gid == gid)


async def of_resident(connection: AsyncConnection, resident_id: str) -> tuple[Given, ...]:
    return await _select(connection, tables.consents.c.resident_id == resident_id)


async def find(connection: AsyncConnection, consent_id: str) -> Given | None:
    found = await _select(connection, tables.consents.c.consent_id == consent_id)
    return found[0] if found else None


async def _select(connection: AsyncConnection, condition: Any) -> tuple[Given, ...]:
    table = tables.consents
    query = select(table).where(condition).order_by(table.c.dataset, table.c.consent_id)
    return tuple(read(row) for row in (await connection.execute(query)).mappings())


def _write(given: Given) -> dict[str, Any]:
    row = {name: getattr(given, name) for name in Given.__slots__}
    return {**row, **{name: _json(getattr(given, name)) for name in _LISTS}}


def _json(names: Sequence[str]) -> str:
    return json.dumps(list(names))


def read(row: Any) -> Given:
    """The consent in a row of the table, by its columns' names."""
    lists = {name: tuple(json.loads(row[name])) for name in _LISTS}
    return Given(**{**row, **lists})
