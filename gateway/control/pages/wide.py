"""Pages of the portal and of the console: one layout with a navigation, for both rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import Request, Response

from gateway.control.pages import Other, choose_language, page
from gateway.control.pages.texts import TEXTS
from gateway.control.staff import browser as browsers
from gateway.control.staff.browser import StaffBrowser
from gateway.control.staff.roles import Role
from gateway.control.state import Control

WIDE_LANGUAGES: Final = ("ja", "en")
_COOKIE: Final = "lang"
_YEAR: Final = 31_536_000


class Link(NamedTuple):
    """One entry of a navigation.

    Attributes:
        path: of the page; its entry is marked on the pages below it too.
        text: key in the room's texts.
        roles: who is shown it; everybody when empty.
    """

    path: str
    text: str
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """What the pages of one kind have in common.

    Attributes:
        home: its first page.
        title: key in its texts.
        texts: language → key → text.
    """

    home: str
    title: str
    navigation: tuple[Link, ...]
    texts: Mapping[str, Mapping[str, str]]


def language_of(request: Request) -> str:
    """What the address asks for, else what was chosen before, else what the browser prefers."""
    chosen = request.query_params.get("lang", "") or request.cookies.get(_COOKIE, "")
    found = choose_language(chosen[:35], request.headers.get("accept-language", ""))
    return found if found in WIDE_LANGUAGES else "ja"


def room_page(
    request: Request,
    control: Control,
    room: Room,
    template: str,
    browser: StaffBrowser | None = None,
    *,
    status: int = 200,
    **values: Any,
) -> Response:
    """A page of a room.

    Args:
        template: ``portal/…`` or ``console/…``; extends ``wide.html``.
        browser: who looks; ``None`` where that does not matter. Needed by pages with forms: it
            gives them ``csrf``.
        values: for the template, beside ``t``, ``room``, ``staff``, ``csrf`` and ``path``.
    """
    language = language_of(request)
    texts = room.texts[language]
    staff = browser.staff if browser else None
    response = page(
        template,
        language,
        status=status,
        wide=True,
        texts=texts,
        room={
            "home": room.home,
            "title": texts[room.title],
            "links": _links(request, room, texts, staff.roles if staff else ()),
        },
        staff=staff,
        csrf=browser.csrf if browser else "",
        path=request.url.path,
        other_languages=_others(request, language),
        sign_in_url=f"{browsers.SIGN_IN}?{urlencode({'next': request.url.path})}",
        **values,
    )
    if request.query_params.get("lang") in WIDE_LANGUAGES:
        _keep_language(response, control, language)
    if browser:
        browsers.remember(response, control, browser)
    return response


def _links(
    request: Request, room: Room, texts: Mapping[str, str], roles: tuple[Role, ...]
) -> list[dict[str, str]]:
    here = request.url.path
    return [
        {"path": one.path, "text": texts[one.text], "current": _current(one.path, here, room)}
        for one in room.navigation
        if not one.roles or set(one.roles) & set(roles)
    ]


def _current(path: str, here: str, room: Room) -> str:
    """Value of ``aria-current`` (WAI-ARIA 1.2)."""
    if here == path:
        return "page"
    return "true" if path != room.home and here.startswith(path + "/") else ""


def _others(request: Request, language: str) -> list[Other]:
    query = {name: value for name, value in request.query_params.items() if name != "lang"}
    return [
        Other(TEXTS[one]["language_name"], one, f"?{urlencode({**query, 'lang': one})}")
        for one in WIDE_LANGUAGES
        if one != language
    ]


def _keep_language(response: Response, control: Control, language: str) -> None:
    secure = control.public_url.startswith("https:")
    response.set_cookie(
        _COOKIE, language, max_age=_YEAR, path="/", secure=secure, httponly=True, samesite="lax"
    )
