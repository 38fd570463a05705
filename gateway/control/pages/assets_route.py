"""``/assets/…``: the pages' scripts and styles, kept by browsers for as long as they like."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Response

from gateway.control.pages import asset_files
from schemas.kit.cached import cached
from schemas.problem import NotFound
from schemas.xcity import operation

router = APIRouter(tags=["Pages"])

YEAR: Final = 31_536_000


@router.get(
    asset_files.PREFIX + "{name}",
    operation_id="getAsset",
    summary="A script or a style of the pages",
    response_class=Response,
    openapi_extra=operation(access="open", cache=True),
)
async def get_asset(
    name: Annotated[str, Path(max_length=100)],
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    asset = asset_files.find(name)
    if asset is None:
        raise NotFound("There is no such file; load the page again.")
    zipped = "gzip" in accept_encoding
    body = await asyncio.to_thread(asset_files.body, asset, zipped=zipped)
    headers = {"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if zipped:
        headers["Content-Encoding"] = "gzip"
    response = cached(Response(body, media_type=asset.media_type, headers=headers), seconds=YEAR)
    response.headers["Cache-Control"] += ", immutable"
    return response
