"""The limit of linkage: how many domains of a resident's life may come together in one hand.

Health, rides and payments are each little; in one organisation's hands they are a person's days.
The city says how much may come together. Beyond that a resident is asked in so many words about
exactly that combination, and without a yes to it nothing is handed over, now or later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.consent import records
from gateway.control.consent.records import Given
from gateway.control.oauth.clients import Client

_NAME: Final = "linkage"
_Domain = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
MostDomains = Annotated[int, Field(ge=1, le=100)]
Domains = Annotated[tuple[tuple[_Domain, ...], ...], Field(max_length=100)]


class Limit(BaseModel):
    """What the city allows without asking again.

    Attributes:
        most_domains: so many domains of one resident may one organisation hold.
        watched: combinations that are asked about however few they are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    most_domains: MostDomains = 2
    watched: Domains = (("medical", "mobility", "payments"),)

    def is_exceeded_by(self, domains: frozenset[str]) -> bool:
        watched = (frozenset(some) for some in self.watched if some)
        return len(domains) > self.most_domains or any(some <= domains for some in watched)


@dataclass(frozen=True, slots=True)
class Holding:
    """What one organisation may read of one resident, by consents to all of its clients."""

    limit: Limit
    consents: tuple[Given, ...]

    def domains(self, now: int) -> frozenset[str]:
        return frozenset(one.domain for one in self._living(now))

    def beyond(self, now: int, more: Iterable[str] = ()) -> tuple[str, ...]:
        """The domains that would be together with ``more``, if the resident must be asked about
        them; empty if not: they are within the limit, or part of a combination that the resident
        said yes to and has not withdrawn."""
        together = self.domains(now) | frozenset(more)
        agreed = any(together <= frozenset(one.combination) for one in self._living(now))
        return tuple(sorted(together)) if self.limit.is_exceeded_by(together) and not agreed else ()

    def _living(self, now: int) -> list[Given]:
        return [one for one in self.consents if one.is_alive(now)]


async def holding(connection: AsyncConnection, client: Client, resident_id: str) -> Holding:
    """By whose client it is today: organisations that become one hold together what each held."""
    given = await records.of_resident(connection, resident_id)
    receivers = await _receivers(connection, given)
    own = [one for one in given if receivers.get(one.client_id) == client.receiver]
    # what it may use of others' consents is in its hands too, and was said yes to for theirs
    lent = [
        replace(one, combination=())
        for one in given
        if one not in own and any(receivers.get(name) == client.receiver for name in one.recipients)
    ]
    return Holding(await load(connection), (*own, *lent))


async def _receivers(connection: AsyncConnection, given: Iterable[Given]) -> dict[str, str]:
    """Whose the clients of consents, and those that are named in them, are now."""
    table = tables.clients
    names = {name for one in given for name in (one.client_id, *one.recipients)}
    rows = await connection.execute(
        select(table.c.client_id, table.c.organisation).where(table.c.client_id.in_(names))
    )
    return {row.client_id: row.organisation or row.client_id for row in rows}


async def load(connection: AsyncConnection) -> Limit:
    table = tables.city_rules
    found = await connection.execute(select(table.c.value).where(table.c.name == _NAME))
    text = found.scalar()
    return Limit.model_validate_json(text) if text else Limit()


async def keep(connection: AsyncConnection, limit: Limit) -> None:
    table = tables.city_rules
    await connection.execute(delete(table).where(table.c.name == _NAME))
    await connection.execute(insert(table).values(name=_NAME, value=limit.model_dump_json()))
