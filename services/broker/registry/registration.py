"""Registering a version of an event type."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from schemas.problem import Conflict, Fault, Forbidden, Unprocessable
from schemas.xcity import LegalClass
from services.broker.registry import storage
from services.broker.registry.audience import Audience
from services.broker.registry.known import KEPT_DAYS, Compatibility
from services.broker.registry.names import check_name
from services.broker.registry.subset import check_schema
from services.broker.registry.verdict import Verdict, compare

MOST_TYPES: Final = 50
MOST_VERSIONS: Final = 50
_MOST_FAULTS: Final = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to register; None keeps what is, or takes the default of a new type."""

    type: str
    schema: dict[str, Any]
    description: str | None = None
    compatibility: Compatibility | None = None
    legal_class: LegalClass | None = None
    retention_days: int | None = None


class Registrar:
    """Takes registrations.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(
        self, store: Store, audience: Audience, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store, self._audience, self._clock = store, audience, clock

    async def register(self, client: str, wish: Wish) -> tuple[int, bool]:
        """The version's number, and whether it is new: the newest may say the same already.

        Raises:
            Unprocessable: the name, or the schema, is none that can be registered.
            Forbidden: the type or its topic is another's, or the client has too many.
            Conflict: ``incompatible-schema``: it breaks the rule that the type keeps to.
        """
        _check(wish)
        async with self._store.write() as connection:
            await self._store.serialise(connection, "registry")
            held = await _held(connection, client, wish)
            newest = await storage.newest_version(connection, wish.type)
            number = newest.version if newest is not None else 0
            created = newest is None or orjson.loads(newest.schema) != wish.schema
            if newest is not None and created:
                await self._check_compatible(newest, wish, _mode(wish, held))
            await storage.save_type(connection, self._store, _settings(client, wish, held))
            if created:
                number += 1
                await self._add(connection, wish, number)
        return number, created

    async def verdict(self, client: str, wish: Wish) -> tuple[Verdict, list[Fault]]:
        """What registering would meet, without doing it."""
        _check(wish)
        async with self._store.read() as connection:
            held = await _held(connection, client, wish)
            newest = await storage.newest_version(connection, wish.type)
        if newest is None:
            return Verdict([], []), []
        verdict = compare(wish.schema, orjson.loads(newest.schema))
        return verdict, _faults(verdict, _mode(wish, held))

    async def _check_compatible(self, before: Row[Any], wish: Wish, mode: Compatibility) -> None:
        verdict = compare(wish.schema, orjson.loads(before.schema))
        faults = _faults(verdict, mode)
        if not faults:
            return
        readers = await self._audience.of(wish.type) if verdict.forward else []
        raise Conflict(
            f"Version {before.version} of {wish.type} promised otherwise: change what `errors`"
            " names, register another type, or give up the promise with `compatibility`.",
            slug="incompatible-schema",
            title="The new version would break somebody",
            faults=faults,
            extra={"breaks": [reader.as_json() for reader in readers]},
        )

    async def _add(self, connection: AsyncConnection, wish: Wish, number: int) -> None:
        if number > MOST_VERSIONS:
            raise Forbidden(f"A type has at most {MOST_VERSIONS} versions.")
        text = orjson.dumps(wish.schema).decode()
        await storage.add_version(connection, wish.type, number, text, int(self._clock()))


def _check(wish: Wish) -> None:
    check_name(wish.type)
    if faults := check_schema(wish.schema):
        raise Unprocessable(
            "The schema cannot be registered: correct what `errors` names.",
            faults=[Fault(f"/schema{one.where}", one.what, one.fix) for one in faults],
        )


async def _held(connection: AsyncConnection, client: str, wish: Wish) -> Row[Any] | None:
    """The client's type as it stands, if it is there."""
    topic = wish.type.rpartition(".")[0]
    owner = await storage.owner_of_topic(connection, topic)
    if owner not in (None, client):
        raise Forbidden(f"The types on {topic} are another client's: take another noun.")
    held = await storage.find_type(connection, wish.type)
    if held is None and await storage.count_types(connection, client) >= MOST_TYPES:
        raise Forbidden(f"A client has at most {MOST_TYPES} event types.")
    if held is not None and wish.legal_class not in (None, held.legal_class):
        raise Conflict(
            f"{wish.type} is {held.legal_class}, and what was published is marked so for good:"
            " register another type.",
            faults=[Fault("/legalClass", "cannot be changed")],
        )
    return held


def _mode(wish: Wish, held: Row[Any] | None) -> Compatibility:
    known = held.compatibility if held is not None else Compatibility.BACKWARD
    return wish.compatibility or Compatibility(known)


def _settings(client: str, wish: Wish, held: Row[Any] | None) -> dict[str, Any]:
    """The type's row: what is wished, else what is, else what is usual."""

    def chosen(wished: Any, name: str, usual: Any) -> Any:
        if wished is not None:
            return wished
        return getattr(held, name) if held is not None else usual

    return {
        "type": wish.type,
        "topic": wish.type.rpartition(".")[0],
        "owner": client,
        "description": chosen(wish.description, "description", ""),
        "legal_class": chosen(wish.legal_class, "legal_class", LegalClass.OPEN),
        "compatibility": _mode(wish, held),
        "retention_days": chosen(wish.retention_days, "retention_days", KEPT_DAYS),
    }


def _faults(verdict: Verdict, mode: Compatibility) -> list[Fault]:
    return [Fault(f"/schema{x.where}", x.what) for x in verdict.against(mode)[:_MOST_FAULTS]]
