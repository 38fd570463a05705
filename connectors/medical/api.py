"""The medical domain's open API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Request, Response

from connectors.links import Links
from connectors.medical.answers import searchset, transaction_response
from connectors.medical.appointments import Appointments
from connectors.medical.bundle import read
from connectors.medical.fhirjson import MEDIA_TYPE
from connectors.medical.records import Records
from connectors.medical.resources import PATIENT_OF
from connectors.near import NearDep, located, page_near, page_of_located
from connectors.page import Limit, Offset, answer
from connectors.residents import record_of
from schemas.kit.body import read_body
from schemas.kit.caller import CallerDep
from schemas.medical import Hospital
from schemas.ngsild import urn
from schemas.problem import Fault, NotFound, Unprocessable
from schemas.xcity import operation, raw_body

INGEST_LIMIT = 16 * 1024 * 1024
BOOKING_LIMIT = 65_536
_FHIR: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPE: {}}}}


def hospitals_router(hospitals: Callable[[], Sequence[Hospital]]) -> APIRouter:
    """Open: hospitals, and what they can take."""
    router = APIRouter(tags=["medical"])
    extra = operation("medical:read", dataset="hospitals", priority="essential", emergency="open")

    @router.get(
        "/hospitals",
        operation_id="listHospitals",
        summary="Hospitals and clinics, with their free beds",
        response_model=page_of_located(Hospital),
        openapi_extra=extra,
    )
    async def list_hospitals(
        near: NearDep,
        limit: Limit = 100,
        offset: Offset = 0,
        emergency: Annotated[
            bool | None, Query(description="Only those that (do not) take emergency patients now")
        ] = None,
    ) -> Response:
        found = [
            one for one in hospitals() if emergency is None or one.emergency_accepting is emergency
        ]
        return page_near(found, near, limit, offset)

    @router.get(
        "/hospitals/{hospital}",
        operation_id="getHospital",
        summary="One hospital",
        response_model=located(Hospital),
        openapi_extra=extra,
    )
    async def get_hospital(hospital: str) -> Response:
        names = (hospital, urn("Hospital", hospital))
        for one in hospitals():
            if one.id in names:
                return answer(one.as_keyvalues())
        raise NotFound(f"There is no hospital {hospital!r}; GET /medical/v1/hospitals lists them.")

    return router


def records_router(records: Records, links: Links) -> APIRouter:
    """Personal: hospitals bring records, a resident reads their own.

    Args:
        links: which patient a resident is.
    """
    router = APIRouter(tags=["medical"])

    @router.post(
        "/fhir",
        operation_id="ingestFhir",
        summary="Send patients' FHIR R4 resources: one, or a Bundle",
        description="All is kept, or nothing. Sending the same again changes nothing.",
        responses=_FHIR,
        openapi_extra=operation(
            "medical:ingest",
            dataset="medical-records",
            emergency="reserved",
            max_body_bytes=INGEST_LIMIT,
            request_body=raw_body(MEDIA_TYPE, "application/json"),
        ),
    )
    async def ingest(request: Request) -> Response:
        raw = await read_body(request, INGEST_LIMIT)
        # validating takes about a millisecond a resource: not on the event loop
        document = await asyncio.to_thread(read, raw, PATIENT_OF)
        kept = await records.keep(document)
        return Response(transaction_response(kept), media_type=MEDIA_TYPE)

    @router.get(
        "/residents/{resident}/records",
        operation_id="listRecords",
        summary="A resident's own medical records, newest first",
        description="A FHIR R4 Bundle of type searchset; `resident` is `me`.",
        responses=_FHIR,
        openapi_extra=operation(
            "medical:records",
            access="personal",
            dataset="medical-records",
            subject="resident",
            priority="essential",
            emergency="reserved",
        ),
    )
    async def list_records(
        resident: str,
        caller: CallerDep,
        limit: Limit = 100,
        offset: Offset = 0,
        types: Annotated[
            list[str] | None, Query(alias="type", description="Only these resource types")
        ] = None,
    ) -> Response:
        patient = await record_of(links, caller, resident)
        wanted = _wanted(types)
        total, found = await records.of(patient, wanted, limit, offset)
        following = ""
        if offset + limit < total:
            query = {"type": ",".join(wanted), "limit": limit, "offset": offset + limit}
            following = f"/medical/v1/residents/me/records?{urlencode(query, safe=',')}"
        return Response(searchset(total, found, following), media_type=MEDIA_TYPE)

    return router


def _wanted(types: list[str] | None) -> list[str]:
    # FHIR lists alternatives with commas in one value (FHIR R4 §3.1.1.3)
    named = [name for given in types or () for name in given.split(",") if name]
    unknown = [name for name in named if name not in PATIENT_OF]
    if unknown:
        known = ", ".join(PATIENT_OF)
        faults = [
            Fault("query type", f"{n[:60]!r} is not kept here.", f"Ask for {known}.")
            for n in unknown[:10]
        ]
        raise Unprocessable("Correct what `errors` names and send it again.", faults=faults)
    return named or list(PATIENT_OF)


def appointments_router(appointments: Appointments, links: Links) -> APIRouter:
    """Personal: an app books for a resident, and others see of it what the resident allows."""
    router = APIRouter(tags=["medical"])
    personal: dict[str, Any] = {
        "access": "personal",
        "dataset": "appointments",
        "subject": "resident",
        "priority": "essential",
    }

    @router.post(
        "/residents/{resident}/appointments",
        operation_id="bookAppointment",
        status_code=201,
        summary="Book an appointment for a resident",
        description="A FHIR R4 Appointment; the hospital is the participant `Location/<id>`, the "
        "resident is `Patient/me`. It is answered as it is kept, with its id.",
        responses={201: {"content": {MEDIA_TYPE: {}}}},
        openapi_extra=operation(
            "medical:book",
            max_body_bytes=BOOKING_LIMIT,
            request_body=raw_body(MEDIA_TYPE, "application/json"),
            **personal,
        ),
    )
    async def book(
        resident: str,
        request: Request,
        caller: CallerDep,
        idempotency_key: Annotated[
            str | None,
            Header(max_length=255, description="The same key books the same appointment once"),
        ] = None,
    ) -> Response:
        patient = await record_of(links, caller, resident)
        raw = await read_body(request, BOOKING_LIMIT)
        booked = await appointments.book(raw, patient, caller, idempotency_key)
        return Response(booked, status_code=201, media_type=MEDIA_TYPE)

    @router.get(
        "/residents/{resident}/appointments",
        operation_id="listAppointments",
        summary="A resident's appointments, the latest first",
        description="A FHIR R4 Bundle of type searchset; each Appointment contains its place.",
        responses=_FHIR,
        openapi_extra=operation("medical:appointments", **personal),
    )
    async def list_appointments(
        resident: str, caller: CallerDep, limit: Limit = 100, offset: Offset = 0
    ) -> Response:
        patient = await record_of(links, caller, resident)
        total, found = await appointments.of(patient, limit, offset)
        following = ""
        if offset + limit < total:
            query = urlencode({"limit": limit, "offset": offset + limit})
            following = f"/medical/v1/residents/me/appointments?{query}"
        return Response(searchset(total, found, following), media_type=MEDIA_TYPE)

    return router
