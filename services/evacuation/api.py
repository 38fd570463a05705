"""``/evacuation/v1``: guidance, open to everybody and without a token: it is for saving lives."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query

from schemas.ngsild import Value
from schemas.problem import NotFound
from schemas.xcity import ApiInfo, Dataset, operation
from services.evacuation.tables import Tables

PREFIX: Final = "/evacuation/v1"
_DATASET: Final = "evacuation-guidance"

INFO: Final = ApiInfo(
    domain="evacuation",
    title_ja="避難支援",
    datasets=(
        Dataset(
            id=_DATASET,
            title="Evacuation guidance",
            title_ja="避難支援情報",
            description="Open shelters with room, stops and hospitals near them, for each alert.",
            update_seconds=30,
        ),
    ),
)


class GuidancePage(Value):
    """A page of guidance, each as the entity ``EvacuationGuidance`` in its simplified form."""

    items: list[dict[str, Any]]
    total: int
    limit: int
    offset: int


def create_router(tables: Tables) -> APIRouter:
    router = APIRouter(tags=["guidance"])
    extra = operation(access="open", dataset=_DATASET, priority="life-safety")

    @router.get(
        "/guidance",
        openapi_extra=extra,
        operation_id="listGuidance",
        summary="Guidance for the alerts in force, newest first",
    )
    async def list_guidance(
        state: Literal["active", "withdrawn"] = "active",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> GuidancePage:
        async with tables.store.read() as connection:
            found, total = await tables.page(connection, state, limit, offset)
        items = [guidance.as_keyvalues() for guidance in found]
        return GuidancePage(items=items, total=total, limit=limit, offset=offset)

    @router.get(
        "/guidance/{guidance}",
        openapi_extra=extra,
        operation_id="getGuidance",
        summary="One guidance, also after it was withdrawn",
    )
    async def get_guidance(guidance: str) -> dict[str, Any]:
        async with tables.store.read() as connection:
            row = await tables.get(connection, guidance)
        if row is None:
            raise NotFound(f"There is no guidance {guidance}; GET {PREFIX}/guidance lists all.")
        return row.guidance.as_keyvalues()

    return router
