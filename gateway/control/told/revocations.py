"""``/internal/revocations``, ``/internal/grants``: what has ended, for the city's own processes."""

from __future__ import annotations

import hashlib
from time import monotonic
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.policy.collector import Published
from gateway.control.policy.endpoint import wait_preference
from gateway.control.state import Control, ControlDep
from schemas.revocations import GRANTS, MOST_ASKED, REVOCATIONS, Ends

router = APIRouter(include_in_schema=False)

Ids = Annotated[list[Annotated[str, Field(max_length=128)]], Field(max_length=MOST_ASKED)]


class Questioned(BaseModel):
    """:class:`schemas.revocations.Asked`."""

    grants: Ids = []
    consents: Ids = []


@router.get(REVOCATIONS)
async def read_revocations(
    control: ControlDep,
    if_none_match: Annotated[str, Header()] = "",
    prefer: Annotated[str, Header()] = "",
) -> Response:
    """Answer at once with what the caller has not, else wait for something to end (RFC 7240 §4.3).

    200 with an ``ETag``, or 304 when nothing ended within the wait.
    """
    held = if_none_match.strip('"')
    body, etag = await _news(control, held, wait_preference(prefer))
    headers = {"ETag": f'"{etag}"', "Cache-Control": "no-store"}
    if etag == held:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


async def _news(control: Control, held: str, wait: float) -> tuple[bytes, str]:
    """What has ended; policies that differ in other things are waited through."""
    until = monotonic() + wait
    published = control.publisher.current
    while True:
        body = orjson.dumps(ends_of(published), option=orjson.OPT_SORT_KEYS)
        etag = hashlib.sha256(body).hexdigest()[:32]
        left = until - monotonic()
        if etag != held or left <= 0:
            return body, etag
        newer = await control.publisher.wait(published.revision, left)
        if newer.revision == published.revision:
            return body, etag  # the time is over, or this process ends
        published = newer


def ends_of(published: Published) -> Ends:
    """What of a policy says that something has ended."""
    revoked = published.snapshot["revoked"]
    clients = published.snapshot["clients"]
    return Ends(
        grants=revoked["families"],
        consents=revoked.get("consents", {}),
        clients=revoked["clients"],
        suspended=sorted(name for name, client in clients.items() if client["suspended"]),
    )


@router.post(GRANTS)
async def find_dead(asked: Questioned, control: ControlDep) -> dict[str, list[str]]:
    """Those of the ids that live no more: ended, run out, or never heard of."""
    async with control.store.read() as connection:
        return {
            "grants": await _dead(connection, tables.grants, asked.grants, control.now()),
            "consents": await _dead(connection, tables.consents, asked.consents, control.now()),
        }


async def _dead(connection: AsyncConnection, table: object, ids: list[str], now: int) -> list[str]:
    if table is tables.grants:
        c = tables.grants.c
        name, alive = c.gid, (c.revoked.is_(None)) & (c.expires > now)
    else:
        c = tables.consents.c
        name, alive = c.consent_id, (c.withdrawn.is_(None)) & (c.until > now)
    found = await connection.execute(select(name).where(name.in_(ids), alive))
    living = set(found.scalars())
    return [one for one in ids if one not in living]
