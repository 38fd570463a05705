"""Reading the log: sealed parts opened, for whoever may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.envelope import Envelopes, Key


@dataclass(frozen=True, slots=True)
class Opened:
    """An event, with its sealed part if that can be read.

    Attributes:
        text: the sealed part as it was sealed; None if there is none, or nobody can read it.
        erased: it is about a resident whose data was erased.
    """

    number: int
    said: dict[str, Any]
    text: str | None = None
    erased: bool = False

    @property
    def subject(self) -> str:
        return str(self._part.get("subject", ""))

    @property
    def target(self) -> str:
        return str(self._part.get("target", ""))

    @property
    def detail(self) -> dict[str, Any]:
        return {**self.said.get("kept", {}), **self._part.get("detail", {})}

    @property
    def _part(self) -> dict[str, Any]:
        if "sealed" not in self.said:
            return self.said
        found: dict[str, Any] = orjson.loads(self.text) if self.text else {}
        return found


async def opened(
    connection: AsyncConnection, envelopes: Envelopes, rows: Iterable[Any]
) -> list[Opened]:
    """Rows of ``audit_events`` (number, subject, entry, sealed) as events, in their order."""
    found = list(rows)
    keys = await envelopes.held(connection, {row.subject for row in found if row.subject})
    return [_open(row, keys.get(row.subject)) for row in found]


def _open(row: Any, key: Key | None) -> Opened:
    said = orjson.loads(row.entry)
    if "sealed" not in said:
        return Opened(row.number, said)
    if not row.subject:
        return Opened(row.number, said, erased=True)
    try:
        if key is None or row.sealed is None:
            return Opened(row.number, said)
        text = key.open(row.sealed, said["sealed"].encode()).decode()
    except ValueError:
        return Opened(row.number, said)
    return Opened(row.number, said, text)
