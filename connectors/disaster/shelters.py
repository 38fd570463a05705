"""Shelters as they are now: what the municipality's file says, and what was counted since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from heapq import nsmallest

from pydantic import Field
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.disaster.shelter_csv import vacancies
from connectors.geo import Place, distance
from schemas.disaster import Shelter
from schemas.kit.store import Store
from schemas.ngsild import Value


class Occupancy(Value):
    """What is counted at a shelter; what is left out stays as it was.

    Attributes:
        occupants: persons there now.
        open: whether it takes people in.
    """

    occupants: int | None = Field(default=None, ge=0, le=1_000_000)
    open: bool | None = None


class Counts:
    """The latest count of each shelter. All of them are held: shelters are few."""

    def __init__(self, store: Store, metadata: MetaData) -> None:
        self._store = store
        self._table = Table(
            "shelter_counts",
            metadata,
            Column("shelter_id", String(256), primary_key=True),
            Column("occupants", Integer),
            Column("open", Boolean),
            Column("at", BigInteger, nullable=False),  # microseconds since the epoch
        )
        self._latest: dict[str, tuple[Occupancy, datetime]] = {}

    async def refresh(self) -> bool:
        """Read what was counted, by whichever process; whether anything is new."""
        async with self._store.read() as connection:
            rows = (await connection.execute(select(self._table))).all()
        latest = {
            row.shelter_id: (Occupancy(occupants=row.occupants, open=row.open), _moment(row.at))
            for row in rows
        }
        is_new = latest != self._latest
        self._latest = latest
        return is_new

    async def put(
        self, connection: AsyncConnection, shelter: str, count: Occupancy, at: datetime
    ) -> None:
        """Write a count in the caller's transaction; :meth:`refresh` makes it known here."""
        table = self._table
        row = {"shelter_id": shelter, "at": _micros(at), **count.model_dump()}
        await connection.execute(delete(table).where(table.c.shelter_id == shelter))
        await connection.execute(insert(table), row)

    def applied(self, shelters: Iterable[Shelter]) -> dict[str, Shelter]:
        """Shelters with what was counted, by id."""
        return {shelter.shelter_id: self._applied(shelter) for shelter in shelters}

    def _applied(self, shelter: Shelter) -> Shelter:
        counted = self._latest.get(shelter.shelter_id)
        if counted is None or (shelter.observed_at and shelter.observed_at > counted[1]):
            return shelter  # the file is the later word; one without a time never is
        return counted_at(shelter, *counted)


def counted_at(shelter: Shelter, count: Occupancy, at: datetime) -> Shelter:
    """A shelter after a count."""
    people = shelter.occupants if count.occupants is None else count.occupants
    return shelter.model_copy(
        update={
            "occupants": people,
            "vacancies": vacancies(shelter.capacity, people),
            "open": shelter.open if count.open is None else count.open,
            "observed_at": at,
        }
    )


def nearest(
    shelters: Mapping[str, Shelter],
    here: Place,
    limit: int,
    *,
    hazard: str = "",
    is_open: bool | None = None,
    with_room: bool = False,
) -> list[tuple[float, Shelter]]:
    """The nearest shelters and their distances in metres.

    Args:
        hazard: only those designated for this kind of disaster.
        is_open: only those known to be open, or known not to be.
        with_room: leave out those known to be full.
    """
    found = (
        (distance(here, (s.location.latitude, s.location.longitude)), s)
        for s in shelters.values()
        if s.location is not None
        and (not hazard or hazard in s.hazards)
        and (is_open is None or s.open is is_open)
        and not (with_room and s.vacancies == 0)
    )
    return nsmallest(limit, found, key=lambda pair: pair[0])


def _micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1_000_000, UTC)
