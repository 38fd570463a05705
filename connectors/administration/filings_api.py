"""Filing a procedure and following it: the resident's side and the office's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query

from connectors.administration.catalogue import Catalogue
from connectors.administration.filings import Decision, Filing, NewFiling
from connectors.administration.procedures import check_fields
from connectors.administration.register import Key, Register
from connectors.names import Names
from connectors.page import Limit, Offset, Page
from connectors.residents import subject_of
from schemas.administration import FilingState
from schemas.kit.caller import CallerDep
from schemas.xcity import operation

_PERSONAL = operation(
    "administration:procedures",
    access="personal",
    dataset="filings",
    subject="resident",
    max_body_bytes=262_144,
)
_OFFICE = operation("administration:decide", dataset="filings", max_body_bytes=16_384)


def residents_router(catalogue: Catalogue, register: Register, names: Names) -> APIRouter:
    router = APIRouter(tags=["procedures"])

    @router.post(
        "/residents/{resident}/filings",
        operation_id="fileProcedure",
        summary="File a procedure",
        status_code=201,
        openapi_extra=_PERSONAL,
    )
    async def file(
        resident: str,
        new: NewFiling,
        caller: CallerDep,
        idempotency_key: Annotated[
            str | None,
            Header(max_length=255, description="The same key files the same filing only once"),
        ] = None,
    ) -> Filing:
        subject = await names.current(subject_of(caller, resident))
        check_fields(catalogue.get(new.procedure), new.fields)
        key = Key(caller.client, idempotency_key) if idempotency_key else None
        return await register.file(subject, new, key)

    @router.get(
        "/residents/{resident}/filings",
        operation_id="listFilings",
        summary="A resident's own filings, newest first",
        openapi_extra=_PERSONAL,
    )
    async def list_filings(
        resident: str, caller: CallerDep, limit: Limit = 100, offset: Offset = 0
    ) -> Page[Filing]:
        subject = await names.current(subject_of(caller, resident))
        total, found = await register.page(limit, offset, subject=subject)
        return Page(items=found, total=total, limit=limit, offset=offset)

    @router.get(
        "/residents/{resident}/filings/{filing}",
        operation_id="getFiling",
        summary="One of a resident's own filings, with its history",
        openapi_extra=_PERSONAL,
    )
    async def get_filing(resident: str, filing: str, caller: CallerDep) -> Filing:
        subject = await names.current(subject_of(caller, resident))
        return await register.get(subject, filing)

    return router


def office_router(register: Register) -> APIRouter:
    router = APIRouter(tags=["procedures"])

    @router.get(
        "/filings",
        operation_id="listFilingsToDecide",
        summary="Filings as the office sees them",
        openapi_extra=_OFFICE,
    )
    async def list_all(
        state: Annotated[FilingState | None, Query()] = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Page[Filing]:
        total, found = await register.page(limit, offset, state=state)
        return Page(items=found, total=total, limit=limit, offset=offset)

    @router.post(
        "/filings/{filing}/decision",
        operation_id="decideFiling",
        summary="Take a filing into review, accept it, or return it with a reason",
        openapi_extra=_OFFICE,
    )
    async def decide(filing: str, decision: Decision) -> Filing:
        return await register.decide(filing, decision)

    return router
