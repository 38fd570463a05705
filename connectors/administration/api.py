"""The administration domain's open API: open data. Filings are in ``filings_api``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Response

from connectors.administration.catalogue import Catalogue
from connectors.administration.migration import TOKYO
from connectors.administration.procedures import Procedure
from connectors.administration.statistics import NetMigrationDataset, dataset
from connectors.near import NearDep, located, page_near, page_of_located
from connectors.page import Limit, Offset, Page, answer, page
from schemas.administration import PointOfInterest
from schemas.ngsild import urn
from schemas.problem import NotFound
from schemas.xcity import operation


def facilities_router(facilities: Callable[[], Sequence[PointOfInterest]]) -> APIRouter:
    router = APIRouter(tags=["administration"])
    extra = operation("administration:read", dataset="public-facilities")

    @router.get(
        "/facilities",
        operation_id="listFacilities",
        summary="Public facilities",
        response_model=page_of_located(PointOfInterest),
        openapi_extra=extra,
    )
    async def list_facilities(near: NearDep, limit: Limit = 100, offset: Offset = 0) -> Response:
        return page_near(facilities(), near, limit, offset)

    @router.get(
        "/facilities/{facility}",
        operation_id="getFacility",
        summary="One public facility, by its entity id or the municipality's ID",
        response_model=located(PointOfInterest),
        openapi_extra=extra,
    )
    async def get_facility(facility: str) -> Response:
        for one in facilities():
            if one.id in (facility, urn("PointOfInterest", one.municipality or "0", facility)):
                return answer(one.as_keyvalues())
        raise NotFound(f"There is no facility {facility[:60]!r}.")

    return router


def statistics_router() -> APIRouter:
    router = APIRouter(tags=["administration"])

    @router.get(
        "/statistics/net-migration",
        operation_id="getNetMigration",
        summary="Net migration of Tokyo by month, 2019-01 to 2021-01",
        description="Derived figures are computed; where the source disagrees with itself, "
        "`inconsistencies` names it. `null` is not yet published.",
        openapi_extra=operation("administration:read", dataset="net-migration"),
    )
    async def net_migration() -> NetMigrationDataset:
        return dataset(TOKYO)

    return router


def procedures_router(catalogue: Catalogue) -> APIRouter:
    router = APIRouter(tags=["administration"])
    extra = operation("administration:read", dataset="procedures")

    @router.get(
        "/procedures",
        operation_id="listProcedures",
        summary="Procedures that residents can file, with their fields in JSON Schema",
        response_model=Page[Procedure],
        openapi_extra=extra,
    )
    async def list_procedures(limit: Limit = 100, offset: Offset = 0) -> Response:
        return page(catalogue.all(), limit, offset)

    @router.get(
        "/procedures/{procedure}",
        operation_id="getProcedure",
        summary="One procedure",
        openapi_extra=extra,
        response_model_exclude_none=True,
    )
    async def get_procedure(procedure: str) -> Procedure:
        return catalogue.get(procedure)

    return router
