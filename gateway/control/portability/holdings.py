"""Everything that the platform itself holds about a resident, as JSON to keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import second_factor, tables
from gateway.control.audit.event import SECTOR
from gateway.control.audit.opened import Opened, opened
from gateway.control.audit.uses import COUNTED
from gateway.control.consent import receipt, records
from gateway.control.consent.records import Given
from gateway.control.disclosure import records as disclosures
from gateway.control.residents import Resident
from gateway.control.state import Control
from gateway.control.trail import objections, uses
from gateway.control.trail.words import client_names, dataset_titles, purpose_words

MOST_EVENTS: Final = 20_000
_AT_ONCE: Final = 1_000


async def of(control: Control, resident: Resident, language: str) -> dict[str, Any]:
    """By name of the part, in the order in which a person would read them."""
    subject = control.pseudonyms.of(resident.resident_id, SECTOR)
    async with control.store.read() as connection:
        events = await _events(control, connection, subject)
        used = [one for one in events if one.said["action"] in COUNTED]
        return {
            "account": await _account(control, connection, resident),
            "consents": await _consents(control, connection, resident, language),
            "uses": await _uses(control, connection, used, language),
            "disclosures": await _disclosures(connection, resident),
            "objections": await _objections(control, connection, subject),
            "notices": await _notices(connection, resident),
            "events": [_event(one) for one in events],
        }


async def _account(
    control: Control, connection: AsyncConnection, resident: Resident
) -> dict[str, Any]:
    async def all_of(table: Any, *columns: Any) -> Sequence[Any]:
        query = select(*columns).where(table.c.resident_id == resident.resident_id)
        return (await connection.execute(query)).all()

    links, sessions, codes = tables.links, tables.sessions, tables.recovery_codes
    elsewhere = tables.provider_subjects
    factor = await second_factor.find(connection, control.secrets, resident.account)
    return {
        "username": resident.username,
        "name": resident.name,
        "created": moment(resident.created),
        "identityAssuranceLevel": resident.proofing,
        "authenticatorApp": bool(factor and factor.confirmed),
        "recoveryCodesLeft": (await all_of(codes, func.count()))[0][0],
        "signsInElsewhereToo": bool((await all_of(elsewhere, func.count()))[0][0]),
        # 連携ID: under which id each holder knows the person
        "links": [
            {"domain": row.domain, "localId": row.local_id, "told": moment(row.told)}
            for row in await all_of(links, links.c.domain, links.c.local_id, links.c.told)
        ],
        "sessions": [
            {"began": moment(row.began), "ends": moment(row.expires), "how": row.amr.split()}
            for row in await all_of(sessions, sessions.c.began, sessions.c.expires, sessions.c.amr)
        ],
    }


async def _consents(
    control: Control, connection: AsyncConnection, resident: Resident, language: str
) -> list[dict[str, Any]]:
    given = await records.of_resident(connection, resident.resident_id)
    names = await client_names(connection, {one.client_id for one in given})
    titles = dataset_titles(control, language)
    found = []
    for one in sorted(given, key=lambda one: -one.created):
        kept = await receipt.made(control, connection, one)
        said = kept["receipt"]["dpv:hasNotice"].get("dct:description", "")
        words = {
            "app": names[one.client_id],
            "data": titles.get(one.dataset, one.dataset),
            "for": purpose_words(one.purpose, language),
            "shownToYou": said.splitlines(),
        }
        found.append({**words, **_given(one), **kept})
    return found


def _given(one: Given) -> dict[str, Any]:
    return {
        "id": one.consent_id,
        "client": one.client_id,
        "dataset": one.dataset,
        "fields": list(one.fields),
        "purpose": one.purpose,
        "given": moment(one.created),
        "until": moment(one.until),
        "withdrawn": moment(one.withdrawn),
    }


async def _events(control: Control, connection: AsyncConnection, subject: str) -> list[Opened]:
    """What the audit log has about the resident, the newest first."""
    table, found = tables.audit_events, list[Opened]()
    query = select(table).where(table.c.subject == subject).order_by(table.c.number.desc())
    while len(found) < MOST_EVENTS:
        before = query.where(table.c.number < found[-1].number) if found else query
        rows = await connection.execute(before.limit(_AT_ONCE))
        more = await opened(connection, control.audit.envelopes, rows)
        found += more
        if len(more) < _AT_ONCE:
            break
    return found


def _event(one: Opened) -> dict[str, Any]:
    """As the log has it: ``number`` is its leaf, with which it can be proved (RFC 9162 §2.1)."""
    return {
        "number": one.number,
        "at": moment(one.said["at"] / 1000),
        "client": one.said["client"],
        "action": one.said["action"],
        "outcome": one.said["outcome"],
        "target": one.target,
        "detail": one.detail,
    }


async def _uses(
    control: Control, connection: AsyncConnection, found: list[Opened], language: str
) -> list[dict[str, Any]]:
    """Who looked, in words: a day, an app, a data set and a purpose a line."""
    lines = uses.lines(found)
    names = await client_names(connection, {one.which.client for one in lines})
    titles = dataset_titles(control, language)
    return [
        {
            "day": one.which.day,
            "app": names[one.which.client],
            "data": ", ".join(titles.get(each, each) for each in one.which.dataset.split()),
            "for": purpose_words(one.which.purpose, language),
            "times": one.count,
            "first": moment(one.first / 1000),
            "last": moment(one.last / 1000),
            "given": one.used,
            "emergency": one.emergency,
            "reason": one.reason,
        }
        for one in lines
    ]


async def _disclosures(connection: AsyncConnection, resident: Resident) -> list[dict[str, Any]]:
    return [
        {
            "by": one.client_id,
            "datasets": list(one.datasets),
            "reason": one.reason,
            "from": moment(one.created),
            "until": moment(one.ended or one.until),
        }
        for one in await disclosures.of_resident(connection, resident.resident_id)
    ]


async def _objections(
    control: Control, connection: AsyncConnection, subject: str
) -> list[dict[str, Any]]:
    return [
        {
            **one.which._asdict(),
            "reason": one.reason,
            "made": moment(one.made),
            "answered": moment(one.answered),
            "answer": one.answer,
        }
        for one in await objections.of(control, connection, subject)
    ]


async def _notices(connection: AsyncConnection, resident: Resident) -> list[dict[str, Any]]:
    """What apps were told of consents that ended."""
    table = tables.notices
    query = select(table).where(table.c.resident_id == resident.resident_id)
    return [
        {
            "client": row.client_id,
            "reason": row.reason,
            "ended": moment(row.created),
            "told": moment(row.told),
            "acknowledged": moment(row.acknowledged),
        }
        for row in await connection.execute(query.order_by(table.c.created.desc()))
    ]


def moment(seconds: float | None) -> str | None:
    """RFC 3339, in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
