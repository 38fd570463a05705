"""What the bootstrap file names: it is applied again at every start."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from gateway.control import bootstrap_file
from gateway.control.wire import Wire
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


class Named(Wire):
    """Names alone, for there are secrets in the file."""

    apis: list[str]
    clients: list[str]
    linkage: bool = Field(description="It says how much of a resident may come together")


def _file(request: Request) -> Path | None:
    return cast("Path | None", request.app.state.bootstrap)


@router.get(
    "/bootstrap",
    operation_id="getBootstrap",
    summary="What the bootstrap file names; changes to it last until the next start",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def get_bootstrap(file: Annotated[Path | None, Depends(_file)]) -> Named:
    if file is None:
        return Named(apis=[], clients=[], linkage=False)
    found = await asyncio.to_thread(bootstrap_file.read, file)
    return Named(
        apis=[one.name for one in found.apis],
        clients=[one.client_id for one in found.clients],
        linkage=found.linkage is not None,
    )
