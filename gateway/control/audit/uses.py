"""How often personal data was used, by whom and what for: counted as the log grows.

What the public is told (:mod:`gateway.control.transparency`) is read from these counts, and
``supercity audit verify`` counts the log itself anew to see that they are true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import AuditEvent
from gateway.control.policy.snapshot import ZONE
from schemas.kit.store import Store

ACCESS: Final = "data.access"
DISCLOSE: Final = "data.disclose"
COUNTED: Final = frozenset((ACCESS, DISCLOSE))
USED: Final = frozenset(("done", "unknown"))
"""Outcomes of what counts as a use: where it is not known whether data left, it is one."""

_ZONE: Final = ZoneInfo(ZONE)


class Use(NamedTuple):
    """What is counted together. ``day`` is one of the city's, ``2026-11-24``."""

    day: str
    client: str
    dataset: str
    purpose: str


def day_of(at: int) -> str:
    """The city's day of a moment in milliseconds since the epoch."""
    return datetime.fromtimestamp(at / 1000, _ZONE).date().isoformat()


def use_of(action: str, at: int, client: str, outcome: str, kept: dict[str, Any]) -> Use | None:
    """What an event counts as; None if it is no use of personal data.

    A disclosure is one, of no data set, however many it opens: what is read under it is counted by
    data set.
    """
    if action not in COUNTED or outcome not in USED:
        return None
    dataset = "" if action == DISCLOSE else str(kept.get("dataset", ""))
    return Use(day_of(at), client, dataset, str(kept.get("purpose", "")))


async def count(store: Store, connection: AsyncConnection, events: Iterable[AuditEvent]) -> None:
    """Count what of ``events`` is a use, in the transaction that logs them."""
    made = (use_of(e.action, e.at, e.client, e.outcome, e.remaining()) for e in events)
    found = Counter(use for use in made if use is not None)
    table = tables.audit_uses
    for use, more in sorted(found.items()):
        row = store.insert(table).values(**use._asdict(), count=more)
        change = {"count": table.c.count + more}
        key = list(Use._fields)
        await connection.execute(row.on_conflict_do_update(index_elements=key, set_=change))


async def between(connection: AsyncConnection, first: str, last: str) -> dict[Use, int]:
    """The counts of the days from ``first`` to ``last``, both included."""
    table = tables.audit_uses
    query = select(table).where(table.c.day >= first, table.c.day <= last)
    rows = (await connection.execute(query)).mappings()
    return {Use(*(row[name] for name in Use._fields)): row["count"] for row in rows}
