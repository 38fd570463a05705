"""The records store: patients' FHIR resources, whole, by the patient they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.medical.bundle import Document, Sent
from connectors.medical.clinical import effective, entity, patient_ids
from connectors.medical.fhirjson import dumps
from connectors.medical.resources import pointer
from connectors.publish import Publisher
from schemas.kit.store import Store
from schemas.ngsild import timestamp
from schemas.problem import Fault, Unprocessable


def records_table(metadata: MetaData) -> Table:
    return Table(
        "records",
        metadata,
        Column("type", String(64), primary_key=True),
        Column("id", String(64), primary_key=True),
        Column("patient", String(64), nullable=False, index=True),
        Column("version", Integer, nullable=False),
        Column("updated", String(32), nullable=False),
        Column("effective", String(64), nullable=False),
        Column("body", LargeBinary, nullable=False),
    )


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
        self, store: Store, table: Table, publisher: Publisher, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._table, self._publisher = store, table, publisher
        self._clock = clock

    async def keep(self, document: Document) -> list[Kept]:
        """Keep all of a document's resources, or none.

        Raises:
            Unprocessable: a resource is about nobody, about several, or about a patient that is
                neither known here nor in the document.
        """
        owned = owners(document)
        try:
            kept = await self._keep(document, owned)
        except IntegrityError:
            # the same new resource at the same moment on PostgreSQL: the other one was first
            kept = await self._keep(document, owned)
        self._publisher.outbox.wake()
        return [kept[sent.key] for sent in document.sent]

    async def _keep(self, document: Document, owned: Sequence[tuple[Sent, str]]) -> dict[str, Kept]:
        async with self._store.write() as connection:
            await self._refuse_strangers(connection, document, owned)
            # rows are locked in one order, so that two documents never wait for each other
            ordered = sorted(owned, key=lambda pair: pair[0].key)
            kept = {sent.key: await self._put(connection, sent, about) for sent, about in ordered}
            news = [(sent, about) for sent, about in owned if kept[sent.key].changed]
            entities = [entity(sent.resource, about) for sent, about in news]
            await self._publisher.say(connection, entities=entities)
        return kept

    async def _refuse_strangers(
        self, connection: AsyncConnection, document: Document, owned: Sequence[tuple[Sent, str]]
    ) -> None:
        table = self._table
        here = {s.resource["id"] for s in document.sent if s.resource["resourceType"] == "Patient"}
        away = {patient for _, patient in owned} - here
        known: set[str] = set()
        for part in _parts(sorted(away)):
            query = select(table.c.id).where(table.c.type == "Patient", table.c.id.in_(part))
            known |= set((await connection.execute(query)).scalars())
        fix = "Send the Patient first, or both in one Bundle."
        wrong = [
            Fault(sent.where or "/", f"Patient/{patient} is not known here.", fix)
            for sent, patient in owned
            if patient in away - known
        ]
        if wrong:
            raise _refusal(wrong)

    async def _put(self, connection: AsyncConnection, sent: Sent, patient: str) -> Kept:
        table, resource = self._table, sent.resource
        body, now = dumps(resource), timestamp(self._clock())
        key = (table.c.type == resource["resourceType"]) & (table.c.id == resource["id"])
        query = select(table).where(key).with_for_update()
        before = (await connection.execute(query)).one_or_none()
        if before is not None and before.patient != patient:
            what = f"{sent.key} is about another patient already; a record does not change hands."
            raise _refusal([Fault(sent.where or "/", what)])
        if before is not None and before.body == body:
            return Kept(sent.key, before.version, before.updated, changed=False)
        version = before.version + 1 if before is not None else 1
        values = {"body": body, "version": version, "updated": now}
        values["effective"] = effective(resource)[:64]
        if before is not None:
            await connection.execute(update(table).where(key).values(values))
        else:
            identity = {"type": resource["resourceType"], "id": resource["id"]}
            await connection.execute(insert(table).values(values | identity | {"patient": patient}))
        return Kept(sent.key, version, now, changed=True)

    async def of(
        self, patient: str, types: Sequence[str], limit: int, offset: int
    ) -> tuple[int, list[tuple[str, str, bytes]]]:
        """A patient's resources, newest first: how many in all, and (type, id, JSON) of a page."""
        table = self._table
        wanted = (table.c.patient == patient) & table.c.type.in_(types)
        order = (table.c.effective.desc(), table.c.type, table.c.id)
        page = select(table.c.type, table.c.id, table.c.body).where(wanted).order_by(*order)
        async with self._store.read() as connection:
            count = select(func.count()).select_from(table).where(wanted)
            total = (await connection.execute(count)).scalar_one()
            rows = (await connection.execute(page.limit(limit).offset(offset))).all()
        return total, [(row.type, row.id, row.body) for row in rows]


def owners(document: Document) -> list[tuple[Sent, str]]:
    """Each resource with the id of the one patient it is about.

    Raises:
        Unprocessable: one is about nobody, or about several.
    """
    urls = {sent.url: sent.key for sent in document.sent if sent.url}
    found: list[tuple[Sent, str]] = []
    wrong: list[Fault] = []
    for sent in document.sent:
        about = set(patient_ids(sent.resource, urls))
        if len(about) == 1:
            found.append((sent, about.pop()))
        else:
            wrong.append(_not_one(sent, about))
    if wrong:
        raise _refusal(wrong)
    return found


def _not_one(sent: Sent, about: Iterable[Any]) -> Fault:
    several = ", ".join(f"Patient/{one}" for one in sorted(about))
    what = f"It is about several patients: {several}." if several else "It is about no patient."
    fix = "Refer to the one patient it belongs to as Patient/<id>, or by its entry's fullUrl."
    return Fault(pointer(sent.where) or "/", what, fix)


def _refusal(wrong: list[Fault]) -> Unprocessable:
    detail = "The records do not fit what is known here; nothing was kept."
    return Unprocessable(detail, faults=wrong[:50])


def _parts(items: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
