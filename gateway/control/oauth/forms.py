"""Reading what a client sends: the form, and the Basic header, both strictly."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError, OAuth2Error

FORM: Final = "application/x-www-form-urlencoded"
LARGEST_FORM: Final = 32_768
MOST_FIELDS: Final = 40
_VSCHAR = re.compile(r"[\x20-\x7e]*")
# RFC 6749 Appendix A; besides, Authlib repeats these in error descriptions, where §5.2 forbids them
_QUOTED_IN_ERRORS = ("grant_type", "response_type", "redirect_uri", "scope", "client_id")


def parse_form(body: bytes, content_type: str, most: int = MOST_FIELDS) -> dict[str, str]:
    """The form of a request to an OAuth endpoint.

    Args:
        most: fields that it may have.

    Raises:
        InvalidRequestError: another media type, not UTF-8, or a parameter given twice (RFC 6749
            §3.2), which two readers could understand differently.
    """
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise InvalidRequestError(f"Send the parameters as {FORM}.")
    try:
        return parse_parameters(body.decode("ascii"), most)
    except UnicodeDecodeError as error:
        raise InvalidRequestError("The form is not URL-encoded ASCII.") from error


def parse_parameters(text: str, most: int = MOST_FIELDS) -> dict[str, str]:
    """URL-encoded parameters; an empty value counts as left out (RFC 6749 §3.1)."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=most)
    except (ValueError, UnicodeDecodeError) as error:
        raise InvalidRequestError("The parameters are not URL-encoded UTF-8.") from error
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise InvalidRequestError("A parameter is given more than once.")
    found = {name: value for name, value in pairs if value}
    for name in _QUOTED_IN_ERRORS:
        value = found.get(name, "")
        if not _VSCHAR.fullmatch(value) or '"' in value or "\\" in value:
            raise InvalidRequestError(f"Parameter {name} has characters that it may not have.")
    return found


def check_resource(parameters: Mapping[str, str], resource: str) -> None:
    """RFC 8707: a client may say which resource it wants a token for; there is one, the city.

    Raises:
        OAuth2Error: ``invalid_target``, for any other.
    """
    asked = parameters.get("resource", resource)
    if asked.rstrip("/") != resource.rstrip("/"):
        raise OAuth2Error(error="invalid_target", description="The only resource is the city.")


def parse_basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Client id and secret of an ``Authorization: Basic`` header; ``None`` without one.

    Both are form-encoded before they are base64-encoded (RFC 6749 §2.3.1).

    Raises:
        InvalidClientError: the header cannot be read; with 401 and ``WWW-Authenticate``.
    """
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
        client_id, colon, secret = text.partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise unreadable_basic() from error
    if not colon or not client_id or not _VSCHAR.fullmatch(text):
        raise unreadable_basic()
    return unquote_plus(client_id), unquote_plus(secret)


def unreadable_basic() -> InvalidClientError:
    return InvalidClientError(
        description="The Authorization header is not Basic base64(client_id:client_secret).",
        status_code=401,
    )
