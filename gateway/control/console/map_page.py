"""``/console/map``: vehicles, shelters and alerts where they are, and a list that says the same.

The page is whole without script, as a list. The map is an island: its library is loaded after the
page has been painted, and follows the page's own stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Final, cast

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from gateway.control.citymap.city import CityMap, Mailbox
from gateway.control.citymap.part import MapParts
from gateway.control.console.live_page import event, may_watch
from gateway.control.console.map_rows import rows
from gateway.control.console.navigation import CONSOLE, console_page
from gateway.control.live.api import SSE
from gateway.control.live.stream import HEARTBEAT, RETRY_MS
from gateway.control.oauth.token import NO_STORE
from gateway.control.pages import fragment
from gateway.control.pages.posts import shown
from gateway.control.pages.wide import language_of
from gateway.control.staff.browser import require
from gateway.control.state import Control, ControlDep
from schemas.xcity import operation

router = APIRouter(tags=["Console"])

PATH: Final = "/console/map"
EVENTS: Final = PATH + "/events"
BASE: Final = PATH + "/base"
_PACE: Final = 1.0
"""Seconds between two tellings: what moves ten times a second is told once."""
_FIRST: Final = 3.0
"""Seconds that the page waits for the city to be read, when nobody has looked before."""


def _parts(request: Request) -> MapParts:
    return cast(MapParts, request.app.state.map)


MapDep = Annotated[MapParts, Depends(_parts)]


@router.get(
    PATH,
    operation_id="showMap",
    summary="Vehicles, shelters and alerts as they are now",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep, parts: MapDep) -> Response:
    browser = await require(request, control, "operator")
    parts.follower.want()
    with suppress(TimeoutError):
        async with asyncio.timeout(_FIRST):
            await parts.city.loaded.wait()
    language = language_of(request)
    found = rows(parts.city.things.values(), language, CONSOLE.texts[language])
    events, base = f"{EVENTS}?lang={language}", BASE
    return console_page(
        request, control, "console/map.html", browser, rows=found, events=events, base=base
    )


@router.get(
    BASE,
    operation_id="getMapBase",
    summary="What the map is drawn on, as GeoJSON",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def get_base(request: Request, control: ControlDep, parts: MapDep) -> Response:
    await require(request, control, "operator")
    body = await parts.base.as_json()
    return Response(body, media_type="application/geo+json", headers=NO_STORE)


@router.get(
    EVENTS,
    operation_id="followMap",
    summary="What moves and changes on the map",
    description="Event `things`: JSON with `things`, `gone` (ids) and, when these are all, `all`. "
    "Event `list`: the page's list, in HTML. Event `over`: the session has ended.",
    response_class=StreamingResponse,
    openapi_extra=operation(access="open", rate=(600, 60), stream=True),
)
async def follow(request: Request, control: ControlDep, parts: MapDep) -> Response:
    language = language_of(request)
    headers = {**NO_STORE, "X-Accel-Buffering": "no"}
    if not await may_watch(request, control):
        return Response(over(language), media_type=SSE, headers=headers)
    parts.city.admit()
    parts.follower.want()
    stream = _events(request, control, parts.city, language)
    return StreamingResponse(stream, media_type=SSE, headers=headers)


async def _events(
    request: Request, control: Control, city: CityMap, language: str
) -> AsyncIterator[bytes]:
    last = ""
    with city.watching() as box:
        yield b"retry: %d\n\n" % RETRY_MS
        while not box.closed:
            if not await may_watch(request, control):
                yield over(language)
                return
            told = await _taken(box)
            if told is None:
                yield b": still here\n\n"
                continue
            html = _listed(city, language)
            last, changed = html, html != last
            yield told + (event("list", html) if changed else b"")
            await asyncio.sleep(_PACE)


async def _taken(box: Mailbox) -> bytes | None:
    """What there is to tell; None when nothing was for a while."""
    try:
        async with asyncio.timeout(HEARTBEAT):
            told = await box.take()
    except TimeoutError:
        return None
    return event("things", orjson.dumps(told).decode())


def _listed(city: CityMap, language: str) -> str:
    texts = CONSOLE.texts[language]
    found = rows(city.things.values(), language, texts)
    return fragment("console/map_list.html", language, texts, rows=found)


def over(language: str) -> bytes:
    html = fragment("console/live_over.html", language, CONSOLE.texts[language], back=PATH)
    return event("over", html)
