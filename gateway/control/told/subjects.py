"""``/internal/subjects``: who the resident behind a consent is in another sector.

The only place where two sectors' names of one person meet. It answers the city's own processes,
under a living consent, for the domain of that consent's data set alone; each answer is in the
audit log, which the resident reads.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.control.consent import records as consents
from gateway.control.consent.records import Given
from gateway.control.oauth import records
from gateway.control.sectors import labels
from gateway.control.state import Control, ControlDep
from schemas.problem import NotFound
from schemas.revocations import SUBJECTS

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Field(max_length=128)]


class Questioned(BaseModel):
    """:class:`schemas.revocations.Whose`."""

    grant: Id
    consent: Id
    domain: Id


@router.post(SUBJECTS)
async def link_subject(asked: Questioned, control: ControlDep) -> dict[str, str]:
    """404 when the consent is none of the grant's, is for another domain, or lives no more."""
    given = await _living(control, asked)
    async with control.store.write() as connection:
        await control.record_about(
            connection, given.resident_id, given.client_id, "subject.link", given.gid,
            domain=given.domain, dataset=given.dataset, consent=given.consent_id,
        )  # fmt: skip
        sectors = await labels.in_force(connection)
    return {
        "subject": control.pseudonyms.of(
            given.resident_id, sectors.get(given.domain, given.domain)
        ),
        "known_as": control.pseudonyms.of(given.resident_id, f"client:{given.client_id}"),
    }


async def _living(control: Control, asked: Questioned) -> Given:
    now = control.now()
    async with control.store.read() as connection:
        given = await consents.find(connection, asked.consent)
        grant = await records.find_grant(connection, asked.grant)
    if given is None or grant is None or given.gid != grant.gid or given.domain != asked.domain:
        raise NotFound("There is no such consent.")
    if not (given.is_alive(now) and grant.is_alive(now)):
        raise NotFound("The consent lives no more.")
    return given
