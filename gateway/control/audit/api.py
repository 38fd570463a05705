"""The audit log over HTTP: checkpoints and proofs open to anybody, entries to auditors."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlalchemy import select

from gateway.control import tables
from gateway.control.audit import uses
from gateway.control.audit.log import newest_size
from gateway.control.audit.merkle import Span, consistency_spans, inclusion_spans
from gateway.control.audit.opened import Opened, opened
from gateway.control.audit.search import SearchDep
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.problem import BadRequest, Fault, NotFound
from schemas.scopes import AUDIT_READ
from schemas.xcity import operation

router = APIRouter(prefix="/audit/v1", tags=["Audit"])

_OPEN = operation(access="open", rate=(600, 60))
_AUDITOR = operation(AUDIT_READ)
_MOST = 1000

Number = Annotated[int, Query(ge=0, le=2**62)]
Limit = Annotated[int, Query(ge=1, le=_MOST)]


class SignedCheckpoint(Wire):
    size: int = Field(description="How many events it is over")
    note: str = Field(description="C2SP tlog-checkpoint, signed")


class Proof(Wire):
    hashes: list[str] = Field(description="Hexadecimal SHA-256, in the order of RFC 9162 §2.1")


class LoggedEntry(Wire):
    number: int
    entry: str = Field(description="The bytes that are hashed, as text: JSON")
    leaf: str = Field(description="Its hash as the log has it, hexadecimal")
    subject: str = Field(description="Whose trail it is filed in; empty if nobody's")
    opened: str | None = Field(description="Its sealed part, of which it has the hash")


class LoggedEvent(Wire):
    """An event, read from its entry. Times in milliseconds since the epoch."""

    number: int
    at: int
    client: str
    action: str
    target: str
    subject: str = Field(description="Pseudonym of the resident it is about; empty if nobody")
    detail: dict[str, Any]
    outcome: str
    erased: bool = Field(description="It is about a resident whose data was erased")


class CountedUse(Wire):
    day: str = Field(description="Of the city, such as 2026-11-24")
    client: str
    dataset: str
    purpose: str
    count: int


class CountedUses(Wire):
    """What the log's transparency is read from, as it stood after ``size`` events."""

    size: int
    uses: list[CountedUse]


@router.get(
    "/key",
    operation_id="getAuditKey",
    summary="The key that checkpoints are signed with, as C2SP signed-note has it",
    response_class=Response,
    openapi_extra=_OPEN,
)
async def get_key(control: ControlDep) -> Response:
    return _text(f"{control.audit.signer.verifier}\n")


@router.get(
    "/checkpoint",
    operation_id="getCheckpoint",
    summary="The newest checkpoint: keep one, and the log can never be rewritten before it",
    response_class=Response,
    openapi_extra=_OPEN,
)
async def get_checkpoint(control: ControlDep) -> Response:
    table = tables.audit_checkpoints
    async with control.store.read() as connection:
        newest = select(table.c.note).order_by(table.c.size.desc()).limit(1)
        note = await connection.scalar(newest)
    if note is None:
        raise NotFound("Nothing is logged yet.")
    return _text(note)


@router.get(
    "/checkpoints",
    operation_id="listCheckpoints",
    summary="All checkpoints, oldest first",
    openapi_extra=_OPEN,
)
async def list_checkpoints(
    control: ControlDep, after: Number = 0, limit: Limit = 100
) -> list[SignedCheckpoint]:
    table = tables.audit_checkpoints
    query = select(table).where(table.c.size > after).order_by(table.c.size).limit(limit)
    async with control.store.read() as connection:
        rows = await connection.execute(query)
        return [SignedCheckpoint(size=row.size, note=row.note) for row in rows]


@router.get(
    "/proofs/consistency",
    operation_id="proveConsistency",
    summary="Proof that the log of `second` events begins with that of `first`",
    openapi_extra=_OPEN,
)
async def prove_consistency(control: ControlDep, first: Number, second: Number) -> Proof:
    if not 0 < first <= second:
        raise BadRequest("There is no such proof.", faults=[Fault("query first", "1 to second")])
    return await _proof(control, second, "second", consistency_spans(first, second))


@router.get(
    "/proofs/inclusion",
    operation_id="proveInclusion",
    summary="Proof that an event is in the log of `size` events",
    openapi_extra=_OPEN,
)
async def prove_inclusion(control: ControlDep, event: Number, size: Number) -> Proof:
    if event >= size:
        raise BadRequest("There is no such proof.", faults=[Fault("query event", "below size")])
    return await _proof(control, size, "size", inclusion_spans(event, size))


async def _proof(control: Control, size: int, name: str, spans: list[Span]) -> Proof:
    async with control.store.read() as connection:
        newest = await newest_size(connection)
        if size > newest:
            fault = Fault(f"query {name}", f"The log has {newest} events.")
            raise BadRequest("There is no such proof.", faults=[fault])
        hashes = await control.audit.span_hashes(connection, spans)
    return Proof(hashes=[one.hex() for one in hashes])


@router.get(
    "/entries",
    operation_id="listAuditEntries",
    summary="Entries as they are hashed, oldest first: for verifying",
    openapi_extra=_AUDITOR,
)
async def list_entries(
    control: ControlDep, start: Number = 0, limit: Limit = _MOST
) -> list[LoggedEntry]:
    event, node = tables.audit_events, tables.audit_nodes
    its_leaf = (node.c.level == 0) & (node.c.position == event.c.number)
    query = (
        select(event.c.number, event.c.subject, event.c.entry, event.c.sealed, node.c.hash)
        .select_from(event.outerjoin(node, its_leaf))
        .where(event.c.number >= start)
        .order_by(event.c.number)
        .limit(limit)
    )
    async with control.store.read() as connection:
        rows = list(await connection.execute(query))
        read = await opened(connection, control.audit.envelopes, rows)
    return [
        LoggedEntry(
            number=row.number,
            entry=row.entry,
            leaf=(row.hash or b"").hex(),
            subject=row.subject,
            opened=one.text,
        )
        for row, one in zip(rows, read, strict=True)
    ]


@router.get(
    "/uses",
    operation_id="listCountedUses",
    summary="How often personal data was used in a month: for verifying",
    openapi_extra=_AUDITOR,
)
async def list_uses(
    control: ControlDep,
    month: Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")],
) -> CountedUses:
    async with control.store.read() as connection:
        size = await newest_size(connection)
        found = await uses.between(connection, f"{month}-01", f"{month}-31")
    counted = [CountedUse(**use._asdict(), count=count) for use, count in sorted(found.items())]
    return CountedUses(size=size, uses=counted)


@router.get(
    "/events",
    operation_id="listAuditEvents",
    summary="Events, newest first; the next page is `before` the last one's number",
    openapi_extra=_AUDITOR,
)
async def list_events(
    control: ControlDep,
    asked: SearchDep,
    limit: Limit = 100,
) -> list[LoggedEvent]:
    async with control.store.read() as connection:
        query = asked.query(await newest_size(connection)).limit(limit)
        rows = await connection.execute(query)
        return [_event(one) for one in await opened(connection, control.audit.envelopes, rows)]


@router.get(
    "/events/{number}",
    operation_id="getAuditEvent",
    summary="One event",
    openapi_extra=_AUDITOR,
)
async def get_event(
    number: Annotated[int, Path(ge=0, le=2**62)], control: ControlDep
) -> LoggedEvent:
    table = tables.audit_events
    async with control.store.read() as connection:
        rows = await connection.execute(select(table).where(table.c.number == number))
        found = await opened(connection, control.audit.envelopes, rows)
    if not found:
        raise NotFound(f"There is no event {number}.")
    return _event(found[0])


def _event(one: Opened) -> LoggedEvent:
    said = one.said
    return LoggedEvent(
        number=one.number,
        at=said["at"],
        client=said["client"],
        action=said["action"],
        target=one.target,
        subject=one.subject,
        detail=one.detail,
        outcome=said["outcome"],
        erased=one.erased,
    )


def _text(text: str) -> Response:
    return Response(text, media_type="text/plain; charset=utf-8")
