"""What all pages below ``/my`` share: who is there, in which language, and the way between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response

from gateway.control.oauth import sessions
from gateway.control.oauth.sessions import Browser
from gateway.control.oauth.visit import redirect
from gateway.control.pages import choose_language, others, page
from gateway.control.pages.texts import TEXTS
from gateway.control.residents import Resident
from gateway.control.state import Control

MY: Final = "/my"
USES: Final = "/my/uses"
DOWNLOAD: Final = "/my/download"
SAFETY: Final = "/my/safety"

_WAYS: Final = ((MY, "nav_my"), (USES, "nav_uses"), (DOWNLOAD, "nav_copy"), (SAFETY, "nav_safety"))
"""Paths, and the texts by which they are called."""


@dataclass(frozen=True, slots=True)
class Home:
    """A resident at their own pages.

    Attributes:
        language: of the page.
        chosen: the same, if the address names it; empty if the browser's is taken.
    """

    control: Control
    browser: Browser
    resident: Resident
    language: str
    chosen: str

    def url(self, path: str, **query: str) -> str:
        """An address in the language that was chosen."""
        return address(path, lang=self.chosen, **query)

    def text(self, key: str) -> str:
        """What the pages say; empty for what they do not."""
        return TEXTS[self.language].get(key, "")

    def page(
        self,
        template: str,
        path: str,
        *,
        message: str = "",
        notice: str = "",
        status: int = 200,
        **values: Any,
    ) -> Response:
        """One of the pages.

        Args:
            path: its own, which the navigation marks.
            message: what went wrong.
            notice: what was done.
        """
        response = page(
            template,
            self.language,
            status=status,
            action=self.url(path),
            home=self.url(MY),
            ways=[(self.url(to), self.text(text), to == path) for to, text in _WAYS],
            csrf=sessions.csrf_token(self.control, self.browser),
            other_languages=others(self.language, lambda one: f"{path}?lang={one}"),
            resident_name=self.resident.name,
            message=message,
            notice=notice,
            **values,
        )
        sessions.remember(response, self.control, self.browser)
        return response


async def enter(request: Request, control: Control) -> Home | None:
    """The resident who is signed in, if anybody is."""
    return home_of(request, control, await sessions.read(request, control))


def home_of(request: Request, control: Control, browser: Browser) -> Home | None:
    if browser.resident is None:
        return None
    chosen = chosen_language(request)
    language = choose_language(chosen, request.headers.get("accept-language", ""))
    return Home(control, browser, browser.resident, language, chosen)


def chosen_language(request: Request) -> str:
    """That which the address names, if there is such a one."""
    asked = request.query_params.get("lang", "")
    return asked if asked in TEXTS else ""


def to_sign_in(request: Request) -> Response:
    return redirect(address(MY, lang=chosen_language(request)))


def address(path: str, **query: str) -> str:
    """A path with what of the query is not empty."""
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{given}" if given else path
