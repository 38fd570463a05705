"""Operations of NGSI-LD that this broker does not have (GS CIM 009 §5.5.6).

Each has its place here until it is built: the temporal evolution of entities (§5.6.11 to .16,
§5.7.3, .4), context sources (§5.9 to §5.11), entity maps (§5.14, .15) and snapshots (§5.16).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from services.broker.context.errors import OperationNotSupported

router = APIRouter()

_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_RESOURCES: Final = (
    "temporal",
    "csourceRegistrations",
    "csourceSubscriptions",
    "entityMaps",
    "info",
    "snapshots",
)


async def refuse(request: Request) -> Response:
    """§5.5.6. 422 with `OperationNotSupported`."""
    raise OperationNotSupported(f"This broker does not offer {request.url.path}.")


for resource in _RESOURCES:
    for path in (f"/{resource}", f"/{resource}/{{rest:path}}"):
        router.add_api_route(path, refuse, methods=_METHODS, include_in_schema=False)
