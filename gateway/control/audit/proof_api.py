"""One event with all that proves it: ``GET /audit/v1/events/{number}/proof``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlalchemy import select

from gateway.control import tables
from gateway.control.audit.merkle import inclusion_spans
from gateway.control.audit.proofs import tlog_proof
from gateway.control.state import ControlDep
from gateway.control.wire import Wire
from schemas.problem import BadRequest, Fault, NotFound
from schemas.scopes import AUDIT_READ
from schemas.xcity import operation

router = APIRouter(prefix="/audit/v1", tags=["Audit"])

Number = Annotated[int, Path(ge=0, le=2**62)]


class EventProof(Wire):
    """All that somebody needs who believes nobody: hash the entry, follow the hashes to the root,
    and check the checkpoint's signature with the key that they have."""

    number: int
    entry: str = Field(description="The bytes that are hashed, as text")
    size: int = Field(description="Of the checkpoint")
    hashes: list[str] = Field(description="Hexadecimal SHA-256, in the order of RFC 9162 §2.1.3")
    checkpoint: str = Field(description="C2SP tlog-checkpoint, signed")
    key: str = Field(description="The log's, as C2SP signed-note has it")
    tlog_proof: str = Field(description="The same as one file (https://c2sp.org/tlog-proof)")


@router.get(
    "/events/{number}/proof",
    operation_id="proveAuditEvent",
    summary="An event's entry and the proof that a checkpoint is over it",
    openapi_extra=operation(AUDIT_READ),
)
async def prove_event(
    number: Number,
    control: ControlDep,
    size: Annotated[
        int | None, Query(ge=1, le=2**62, description="Of the checkpoint; the newest if left out")
    ] = None,
) -> EventProof:
    event, checkpoint = tables.audit_events.c, tables.audit_checkpoints.c
    query = select(checkpoint.size, checkpoint.note).order_by(checkpoint.size.desc()).limit(1)
    if size is not None:
        query = query.where(checkpoint.size == size)
    async with control.store.read() as connection:
        entry = await connection.scalar(select(event.entry).where(event.number == number))
        signed = (await connection.execute(query)).one_or_none()
        if entry is None or signed is None:
            what = (
                f"There is no event {number}." if entry is None else "No checkpoint is over that."
            )
            raise NotFound(what)
        if number >= signed.size:
            fault = Fault("query size", f"It is over the events up to {signed.size - 1}.")
            raise BadRequest("That checkpoint is older than the event.", faults=[fault])
        spans = inclusion_spans(number, signed.size)
        hashes = await control.audit.span_hashes(connection, spans)
    return EventProof(
        number=number,
        entry=entry,
        size=signed.size,
        hashes=[one.hex() for one in hashes],
        checkpoint=signed.note,
        key=str(control.audit.signer.verifier),
        tlog_proof=tlog_proof(number, hashes, signed.note),
    )
