"""What a resident reads of disclosures of their data, on their own page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.disclosure import records
from gateway.control.policy.compiler import CompiledApi
from gateway.control.resident.history import ZONE
from gateway.control.residents import Resident

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """One disclosure.

    Attributes:
        at, until: local times, ``2026-11-24 15:04``.
        datasets: their titles, in the page's language.
        by: the client that made it.
    """

    at: str
    until: str
    datasets: tuple[str, ...]
    reason: str
    by: str


async def of(
    connection: AsyncConnection,
    apis: Iterable[CompiledApi],
    resident: Resident,
    language: str,
) -> list[Shown]:
    """The newest first."""
    titles = {dataset.id: dataset.called(language) for api in apis for dataset in api.info.datasets}
    found = await records.of_resident(connection, resident.resident_id)
    return [
        Shown(
            at=_local(one.created),
            until=_local(one.ended or one.until),
            datasets=tuple(titles.get(name, name) for name in one.datasets),
            reason=one.reason,
            by=one.client_id,
        )
        for one in found[:_MOST]
    ]


def _local(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, ZONE).strftime("%Y-%m-%d %H:%M")
