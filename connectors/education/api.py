"""The education domain's open API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response

from connectors.listing import NearDep, Page, PagingDep, item_of, listed
from connectors.residents import record_of
from schemas.education import Enrolment, School
from schemas.kit.app import CallerDep
from schemas.ngsild import urn
from schemas.problem import NotFound
from schemas.xcity import operation

if TYPE_CHECKING:
    from connectors.education.connector import EducationConnector


def router(connector: EducationConnector) -> APIRouter:
    """The domain's operations."""
    made = APIRouter(tags=["education"])
    _schools(made, connector)
    _enrolments(made, connector)
    return made


def _schools(router: APIRouter, connector: EducationConnector) -> None:
    extra = operation("education:read", dataset="schools")
    item: Any = item_of(School)

    @router.get(
        "/schools",
        operation_id="listSchools",
        summary="Schools",
        response_model=Page[item],
        openapi_extra=extra,
    )
    async def list_schools(paging: PagingDep, near: NearDep) -> Response:
        return _json(paging.page(listed(connector.schools(), near, lambda one: one.location)))

    @router.get(
        "/schools/{school}",
        operation_id="getSchool",
        summary="One school, by its entity id or its sourcedId",
        response_model=item,
        openapi_extra=extra,
    )
    async def get_school(school: str) -> Response:
        names = (school, urn("School", school))
        for one in connector.schools():
            if one.id in names:
                return _json(one.as_keyvalues())
        raise NotFound(f"There is no school {school[:60]!r}.")


def _enrolments(router: APIRouter, connector: EducationConnector) -> None:
    item: Any = item_of(Enrolment)

    @router.get(
        "/residents/{resident}/enrolments",
        operation_id="listEnrolments",
        summary="A resident's own enrolments",
        response_model=Page[item],
        openapi_extra=operation(
            "education:enrolments", access="personal", dataset="enrolments", subject="resident"
        ),
    )
    async def list_enrolments(
        resident: str,
        caller: CallerDep,
        paging: PagingDep,
        role: Annotated[str | None, Query(max_length=40, description="Only in this role")] = None,
    ) -> Response:
        user = await record_of(connector.links, caller, resident)
        found = [one for one in connector.enrolments(user) if role in (None, one.role)]
        return _json(paging.page([one.as_keyvalues() for one in found]))


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
