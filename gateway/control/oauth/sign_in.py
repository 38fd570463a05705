"""A resident's sign-in, the same for every page that needs one."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from gateway.control.brakes import MustWait
from gateway.control.oauth import sessions
from gateway.control.oauth.sessions import Browser, HasToken
from gateway.control.pages.texts import TEXTS
from gateway.control.state import Control


@dataclass(frozen=True, slots=True)
class NotSignedIn:
    """Why not, as the page shall say it.

    Attributes:
        wait: seconds before another try; 0 if it may be now.
    """

    message: str
    username: str
    status: int
    wait: int = 0


async def sign_in(
    request: Request, control: Control, browser: Browser, form: dict[str, str], language: str
) -> Browser | NotSignedIn:
    """The browser of the resident whose name, password and, if they have one, code the form has."""
    username, password = form.get("username", ""), form.get("password", "")
    texts = TEXTS[language]
    try:
        found = await sessions.authenticate(
            control, username, password, source_address(request), form.get("code", "")
        )
    except MustWait as wait:
        message = texts["wait"].format(seconds=wait.seconds)
        return NotSignedIn(message, username, 429, wait.seconds)
    if found is None:
        return NotSignedIn(texts["wrong"], username, 403)
    return await sessions.begin(control, browser, *found)


def is_from_our_page(
    request: Request, control: Control, browser: HasToken, form: dict[str, str]
) -> bool:
    """Whether a form was posted by a page that this browser was given."""
    ours = request.headers.get("origin", "") in {"", "null", control.public_url}
    return ours and sessions.csrf_matches(control, browser, form.get("csrf", ""))


def source_address(request: Request) -> str:
    """The caller's address as the gateway saw it: the last that it wrote."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "")
