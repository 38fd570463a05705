"""The records: patients' FHIR resources, kept whole, by the patient they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.medical.bundle import Document
from connectors.medical.clinical import effective, entity
from connectors.medical.fhirjson import dumps
from connectors.medical.ownership import Owned, misfit, owners
from connectors.medical.record_table import RecordTable, Values
from connectors.publish import Publisher
from schemas.kit.store import Store
from schemas.ngsild import timestamp
from schemas.problem import Fault


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a resource.

    Attributes:
        version: 1 for a new one; the same as before when nothing changed.
        changed: whether anything did.
    """

    key: str
    version: int
    updated: str
    changed: bool


class Records:
    """Keeps resources and tells the broker, in one transaction."""

    def __init__(
        self, store: Store, table: RecordTable, publisher: Publisher, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._table, self._publisher = store, table, publisher
        self._clock = clock

    async def keep(self, document: Document) -> list[Kept]:
        """Keep all of a document's resources, or none.

        Raises:
            Unprocessable: a resource is about nobody, about several, about a patient that is
                neither known here nor in the document, or was about another until now.
        """
        owned = owners(document)
        try:
            kept = await self._keep(owned)
        except IntegrityError:
            # the same new resource at the same moment on PostgreSQL: the other one was first
            kept = await self._keep(owned)
        self._publisher.outbox.wake()
        return [kept[sent.key] for sent in document.sent]

    async def of(
        self, patient: str, types: Sequence[str], limit: int, offset: int
    ) -> tuple[int, list[tuple[str, str, bytes]]]:
        """A patient's resources, newest first: how many in all, and (type, id, JSON) of a page."""
        async with self._store.read() as connection:
            return await self._table.page(connection, patient, types, limit, offset)

    async def find(self, kind: str, identity: str) -> bytes | None:
        """One resource's JSON; ``None`` if there is none."""
        async with self._store.read() as connection:
            return await self._table.body(connection, kind, identity)

    async def _keep(self, owned: Sequence[Owned]) -> dict[str, Kept]:
        rows = {sent.key: self._row(sent.resource, about) for sent, about in owned}
        async with self._store.write() as connection:
            await self._refuse_strangers(connection, owned)
            before = await self._table.before(connection, rows)
            _refuse_changed_hands(owned, before)
            kept = {key: _outcome(key, row, before.get(key)) for key, row in rows.items()}
            for key, row in rows.items():
                row["version"] = kept[key].version
            changed = [key for key in sorted(rows) if kept[key].changed]
            new = [rows[key] for key in changed if key not in before]
            newer = [rows[key] for key in changed if key in before]
            await self._table.write(connection, new, newer)
            entities = [entity(s.resource, about) for s, about in owned if kept[s.key].changed]
            await self._publisher.say(connection, entities=entities)
        return kept

    def _row(self, resource: dict[str, Any], patient: str) -> Values:
        return {
            "type": resource["resourceType"],
            "id": resource["id"],
            "patient": patient,
            "updated": timestamp(self._clock()),
            "effective": effective(resource)[:64],
            "body": dumps(resource),
        }

    async def _refuse_strangers(self, connection: AsyncConnection, owned: Sequence[Owned]) -> None:
        here = {s.resource["id"] for s, _ in owned if s.resource["resourceType"] == "Patient"}
        away = {about for _, about in owned} - here
        unknown = away - await self._table.known(connection, away)
        fix = "Send the Patient first, or both in one Bundle."
        wrong = [
            Fault(sent.where or "/", f"Patient/{about} is not known here.", fix)
            for sent, about in owned
            if about in unknown
        ]
        if wrong:
            raise misfit(wrong)


def _refuse_changed_hands(owned: Sequence[Owned], before: Mapping[str, Any]) -> None:
    what = "It is about another patient already; a record does not change hands."
    wrong = [
        Fault(sent.where or "/", what)
        for sent, about in owned
        if sent.key in before and before[sent.key].patient != about
    ]
    if wrong:
        raise misfit(wrong)


def _outcome(key: str, row: Values, before: Any) -> Kept:
    if before is None:
        return Kept(key, 1, row["updated"], changed=True)
    if before.body == row["body"]:
        return Kept(key, before.version, before.updated, changed=False)
    return Kept(key, before.version + 1, row["updated"], changed=True)
