"""Every event type, the city's and the clients', in memory, the same in all broker processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Row, func, select

from schemas.kit.store import Store
from schemas.registry import event_types
from schemas.xcity import LegalClass
from services.broker.log import Topic
from services.broker.registry.known import Compatibility, KnownType, Version, city_type
from services.broker.registry.tables import registered_schemas, registered_types
from services.broker.topics import client_topics

LOOK_SECONDS: Final = 1.0
"""How often another process's registrations are looked for."""

_LOOK_AGAIN_SECONDS: Final = 0.1
"""At most so often because somebody names a type that is not known."""


class Catalogue:
    """The types. What another process registers is known within a second, or when it is named."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._clients: dict[str, KnownType] = {}
        self._change = -1
        self._looked = 0.0
        self._told: list[Callable[[Sequence[Topic]], None]] = []

    def tell(self, listener: Callable[[Sequence[Topic]], None]) -> None:
        """Have ``listener`` told the topics of clients' types whenever there are others."""
        self._told.append(listener)

    def find(self, name: str) -> KnownType | None:
        return city_type(name) or self._clients.get(name)

    def names(self) -> list[str]:
        return sorted({*event_types(), *self._clients})

    async def look_for(self, names: Iterable[str]) -> None:
        """Make sure that types which another process has just registered are known."""
        if all(map(self.find, names)) or time.monotonic() < self._looked + _LOOK_AGAIN_SECONDS:
            return
        await self.look()

    async def look(self) -> None:
        """Read what has changed."""
        self._looked = time.monotonic()
        async with self._store.read() as connection:
            newest = select(func.coalesce(func.max(registered_types.c.change), 0))
            change = (await connection.execute(newest)).scalar_one()
            if change == self._change:
                return
            types = (await connection.execute(select(registered_types))).all()
            in_order = select(registered_schemas).order_by(registered_schemas.c.version)
            schemas = (await connection.execute(in_order)).all()
        self._clients = _known(types, schemas, self._clients)
        self._change = change
        topics = client_topics((one.topic, one.retention_days) for one in self._clients.values())
        for listener in self._told:
            listener(topics)


def _known(
    types: Sequence[Row[Any]], schemas: Sequence[Row[Any]], before: dict[str, KnownType]
) -> dict[str, KnownType]:
    versions: dict[str, list[Version]] = {row.type: [] for row in types}
    for row in schemas:
        held = before[row.type].version(row.version) if row.type in before else None
        version = held or Version.of(row.version, orjson.loads(row.schema), row.registered)
        versions[row.type].append(version)
    return {row.type: known_type(row, versions[row.type]) for row in types if versions[row.type]}


def known_type(row: Row[Any], versions: Sequence[Version]) -> KnownType:
    """A type as its row and its versions say."""
    return KnownType(
        name=row.type,
        owner=row.owner,
        description=row.description,
        legal_class=LegalClass(row.legal_class),
        compatibility=Compatibility(row.compatibility),
        retention_days=row.retention_days,
        versions=tuple(versions),
    )
