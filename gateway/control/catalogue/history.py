"""What became of the attached APIs: when each came, changed, could not be reached, answered again.

A document that changed is told by what a developer has to know: its version, and which operations
came, went or changed. Rows are written in the transaction of what they tell.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Literal, get_args

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.policy.compiler import METHODS

Kind = Literal["attached", "changed", "detached", "unreachable", "refused", "good"]
CHANGES: Final[tuple[Kind, ...]] = ("attached", "changed", "detached")
"""What the developers of applications have to know; the other kinds are states."""
STATES: Final[tuple[Kind, ...]] = tuple(one for one in get_args(Kind) if one not in CHANGES)
_MOST_NAMED: Final = 50
_KEPT_CHANGES: Final = 5 * 365 * 86_400
_KEPT_STATES: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to an API.

    Attributes:
        at: seconds since the epoch.
        detail: of a change: ``version`` (before and after), and the operations ``added``,
            ``removed`` and ``changed``, each as ``GET /path``, at most 50 of each.
    """

    api: str
    at: int
    kind: Kind
    detail: dict[str, list[str]] = field(default_factory=dict)


def difference(before: str, after: str) -> dict[str, list[str]]:
    """What changed between two documents (JSON texts); empty if nothing that is told."""
    old, new = json.loads(before or "{}"), json.loads(after)
    versions = [_version(old), _version(new)]
    then, now = _operations(old), _operations(new)
    found = {
        "version": versions if versions[0] != versions[1] else [],
        "added": sorted(now.keys() - then.keys()),
        "removed": sorted(then.keys() - now.keys()),
        "changed": sorted(one for one in now.keys() & then.keys() if now[one] != then[one]),
    }
    return {name: values[:_MOST_NAMED] for name, values in found.items() if values}


async def note(connection: AsyncConnection, happened: Happened) -> None:
    await connection.execute(
        insert(tables.api_history).values(
            id=uuid.uuid4().hex,
            api=happened.api,
            at=happened.at,
            kind=happened.kind,
            detail=json.dumps(happened.detail),
        )
    )


async def newest(connection: AsyncConnection, kinds: Iterable[Kind], most: int) -> list[Happened]:
    """The newest first."""
    table = tables.api_history
    query = (
        select(table)
        .where(table.c.kind.in_(tuple(kinds)))
        .order_by(table.c.at.desc(), table.c.id)
        .limit(most)
    )
    return [
        Happened(row.api, row.at, row.kind, json.loads(row.detail))
        for row in await connection.execute(query)
    ]


async def forget_old(connection: AsyncConnection, now: int) -> None:
    table = tables.api_history
    for kinds, kept in ((CHANGES, _KEPT_CHANGES), (STATES, _KEPT_STATES)):
        await connection.execute(
            delete(table).where(table.c.kind.in_(kinds), table.c.at < now - kept)
        )


def _version(document: Any) -> str:
    info = document.get("info")
    return str(info.get("version", "")) if isinstance(info, dict) else ""


def _operations(document: Any) -> dict[str, str]:
    """``GET /path`` → a hash of the operation as it stands in the document."""
    paths = document.get("paths")
    found: dict[str, str] = {}
    for path, item in (paths if isinstance(paths, dict) else {}).items():
        for method, operation in (item if isinstance(item, dict) else {}).items():
            if method in METHODS:
                text = json.dumps([operation, item.get("parameters")], sort_keys=True)
                found[f"{method.upper()} {path}"] = blake2b(text.encode()).hexdigest()
    return found
