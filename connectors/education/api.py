"""The education domain's open API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response

from connectors.links import Links
from connectors.near import NearDep, located, page_near, page_of_located
from connectors.page import Limit, Offset, answer, page, page_of
from connectors.residents import record_of
from schemas.education import Enrolment, School
from schemas.kit.caller import CallerDep
from schemas.ngsild import urn
from schemas.problem import NotFound
from schemas.xcity import operation


def schools_router(schools: Callable[[], Sequence[School]]) -> APIRouter:
    """Open: the city's schools."""
    router = APIRouter(tags=["education"])
    extra = operation("education:read", dataset="schools")

    @router.get(
        "/schools",
        operation_id="listSchools",
        summary="Schools",
        response_model=page_of_located(School),
        openapi_extra=extra,
    )
    async def list_schools(near: NearDep, limit: Limit = 100, offset: Offset = 0) -> Response:
        return page_near(schools(), near, limit, offset)

    @router.get(
        "/schools/{school}",
        operation_id="getSchool",
        summary="One school, by its entity id or its sourcedId",
        response_model=located(School),
        openapi_extra=extra,
    )
    async def get_school(school: str) -> Response:
        names = (school, urn("School", school))
        for one in schools():
            if one.id in names:
                return answer(one.as_keyvalues())
        raise NotFound(f"There is no school {school[:60]!r}.")

    return router


def enrolments_router(enrolments: Callable[[str], Sequence[Enrolment]], links: Links) -> APIRouter:
    """Personal: a learner's own enrolments.

    Args:
        enrolments: those of the person with this ``sourcedId``.
        links: which person a resident is.
    """
    router = APIRouter(tags=["education"])

    @router.get(
        "/residents/{resident}/enrolments",
        operation_id="listEnrolments",
        summary="A resident's own enrolments",
        response_model=page_of(Enrolment),
        openapi_extra=operation(
            "education:enrolments", access="personal", dataset="enrolments", subject="resident"
        ),
    )
    async def list_enrolments(
        resident: str,
        caller: CallerDep,
        limit: Limit = 100,
        offset: Offset = 0,
        role: Annotated[str | None, Query(max_length=40, description="Only in this role")] = None,
    ) -> Response:
        user = await record_of(links, caller, resident)
        found = [one for one in enrolments(user) if role in (None, one.role)]
        return page(found, limit, offset)

    return router
