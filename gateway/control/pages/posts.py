"""What every page of the platform does with requests: who may ask, in which language, and whether a
form is one that this browser was given here."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error
from fastapi import Request

from gateway.control.oauth import forms
from gateway.control.oauth.sessions import HasToken
from gateway.control.oauth.sign_in import is_from_our_page
from gateway.control.oauth.token import form_body, read_body
from gateway.control.pages import choose_language
from gateway.control.state import Control
from schemas.xcity import operation


def shown(rate: int = 60) -> dict[str, Any]:
    """The ``openapi_extra`` of a page.

    Args:
        rate: requests a minute from one address.
    """
    return operation(access="open", priority="essential", rate=(rate, 60))


def posted(rate: int = 60, **fields: str) -> dict[str, Any]:
    """The ``openapi_extra`` of what a page posts; a field's text says what it is."""
    return operation(
        access="open",
        priority="essential",
        rate=(rate, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=form_body(**fields),
    )


def language_of(request: Request) -> str:
    """What the address asks for, else what the browser prefers."""
    asked = request.query_params.get("lang", "")
    return choose_language(asked, request.headers.get("accept-language", ""))


class NotOurs(Exception):
    """What was posted is no form, or none that this browser was given here.

    Attributes:
        status: of the page that says so.
        form: what could be read of it.
    """

    def __init__(self, status: int, form: dict[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.form = form


async def our_form(
    request: Request, control: Control, browser: HasToken, most: int = forms.MOST_FIELDS
) -> dict[str, str]:
    """The form that was posted.

    Args:
        most: fields that it may have.

    Raises:
        NotOurs: it is not to be acted upon.
    """
    try:
        kind = request.headers.get("content-type", "")
        form = forms.parse_form(await read_body(request), kind, most)
    except OAuth2Error as error:
        raise NotOurs(400, {}) from error
    if not is_from_our_page(request, control, browser, form):
        raise NotOurs(403, form)
    return form
