"""``/console/live``: the city now, what to look at first; kept up to date by Server-Sent Events.

The page is whole without script. With it, each part that has changed is sent anew and swapped in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from gateway.control.console.live_rows import Rows, hour, rules
from gateway.control.console.navigation import CONSOLE, console_page
from gateway.control.live.api import SSE, LiveDep
from gateway.control.live.stream import frames
from gateway.control.live.watch import Live, Look
from gateway.control.live.words import Language
from gateway.control.oauth.token import NO_STORE
from gateway.control.pages import fragment
from gateway.control.pages.plots import Series, line
from gateway.control.pages.posts import shown
from gateway.control.pages.wide import language_of
from gateway.control.policy.snapshot import ZONE
from gateway.control.staff.browser import require, signed_in
from gateway.control.state import Control, ControlDep
from schemas.xcity import operation

router = APIRouter(tags=["Console"])

PATH: Final = "/console/live"
EVENTS: Final = PATH + "/events"
PARTS: Final = (
    "summary", "findings", "plot", "domains", "upstreams", "broker", "feeds", "quotas", "processes",
)  # fmt: skip
"""Each is a template ``console/live_<part>.html`` and an event of that name."""


@router.get(
    PATH,
    operation_id="showLive",
    summary="The city now: what to look at first",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep, live: LiveDep) -> Response:
    browser = await require(request, control, "operator")
    language = cast(Language, language_of(request))
    return console_page(
        request,
        control,
        "console/live.html",
        browser,
        rows=_rows(live.current, language) if live.current else None,
        plot=_plot(live.current, language) if live.current else "",
        rules=rules(language, CONSOLE.texts[language]),
        events=f"{EVENTS}?lang={language}",
        parts=PARTS,
    )


@router.get(
    EVENTS,
    operation_id="followLive",
    summary="The parts of that page, each when it has changed",
    response_class=StreamingResponse,
    openapi_extra=operation(access="open", rate=(600, 60), stream=True),
)
async def follow(request: Request, control: ControlDep, live: LiveDep) -> Response:
    language = cast(Language, language_of(request))
    headers = {**NO_STORE, "X-Accel-Buffering": "no"}
    if not await may_watch(request, control):
        return Response(over(language), media_type=SSE, headers=headers)
    live.admit()
    return StreamingResponse(
        _events(request, control, live, language), media_type=SSE, headers=headers
    )


async def _events(
    request: Request, control: Control, live: Live, language: Language
) -> AsyncIterator[bytes]:
    """The stream; when the session is over, the page is told so, and does not come back."""
    write = changes(language)
    async for frame in frames(live, write, lambda: may_watch(request, control)):
        yield frame
    if not live.closed:
        yield over(language)


async def may_watch(request: Request, control: Control) -> bool:
    """Whether an operator is signed in at this browser; asking is not using it."""
    browser = await signed_in(request, control, noted=False)
    return browser.staff is not None and "operator" in browser.staff.roles


def over(language: str) -> bytes:
    """The event that ends the page's stream for good."""
    html = fragment("console/live_over.html", language, CONSOLE.texts[language], back=PATH)
    return event("over", html)


def event(name: str, text: str) -> bytes:
    """One event (HTML Living Standard §9.2.6); each line of ``text`` is a field of its own."""
    data = "".join(f"data: {one}\n" for one in text.splitlines() or [""])
    return f"event: {name}\n{data}\n".encode()


def changes(language: Language) -> Callable[[Look], bytes]:
    """Writes the parts that differ from when they were last written."""
    last: dict[str, str] = {}

    def write(look: Look) -> bytes:
        found = []
        for part, html in written(look, language).items():
            if last.get(part) != html:
                last[part] = html
                found.append(event(part, html))
        return b"".join(found)

    return write


def written(look: Look, language: Language) -> dict[str, str]:
    """Every part of the page in HTML."""
    rows, plot, texts = _rows(look, language), _plot(look, language), CONSOLE.texts[language]
    return {
        part: fragment(f"console/live_{part}.html", language, texts, rows=rows, plot=plot)
        for part in PARTS
    }


def _rows(look: Look, language: Language) -> Rows:
    return Rows(look, language, CONSOLE.texts[language], ZoneInfo(ZONE))


def _plot(look: Look, language: Language) -> str:
    """Requests and errors of the last hour, of the whole city."""
    texts, domains = CONSOLE.texts[language], look.picture.domains
    requests = hour([domain.history.per_second for domain in domains])
    errors = hour([domain.history.errors_per_second for domain in domains])
    end = look.picture.at // 60 * 60
    times = [end - 60 * (len(requests) - 1 - place) for place in range(len(requests))]
    return line(
        [Series(texts["live_requests"], requests), Series(texts["live_errors"], errors)],
        name="live-hour",
        title=texts["live_hour"],
        times=times,
        zone=ZoneInfo(ZONE),
        language=language,
    )
