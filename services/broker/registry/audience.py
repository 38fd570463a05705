"""Who receives an event type: whom a breaking change would break."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from schemas.kit.store import Store
from services.broker.tables import groups


@dataclass(frozen=True, slots=True, order=True)
class Consumer:
    """One of them.

    Attributes:
        client: ``client_id``.
        name: of the group or the webhook; empty for a stream.
    """

    client: str
    kind: Literal["group", "stream", "webhook"]
    name: str = ""

    def as_json(self) -> dict[str, str]:
        found = {"client": self.client, "kind": self.kind}
        return {**found, "name": self.name} if self.name else found


Source = Callable[[str], Awaitable[Iterable[Consumer]]]
"""Finds the consumers of one kind of an event type."""


class Audience:
    """Asks every kind of delivery that has been added."""

    def __init__(self) -> None:
        self._sources: list[Source] = []

    def add(self, source: Source) -> None:
        self._sources.append(source)

    async def of(self, type_: str) -> list[Consumer]:
        found: set[Consumer] = set()
        for source in self._sources:
            found.update(await source(type_))
        return sorted(found)


def groups_of(store: Store) -> Source:
    """The consumer groups whose latest batch was of types with this one among them."""

    async def source(type_: str) -> list[Consumer]:
        query = select(groups.c.client, groups.c.name, groups.c.types).where(
            groups.c.types.contains(type_, autoescape=True)
        )
        async with store.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Consumer(row.client, "group", row.name) for row in rows if type_ in row.types.split()
        ]

    return source
