"""One address, several forms: a page for people, linked data for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from fastapi import Request, Response

from gateway.control.portal.dcat import JSON_LD, TURTLE, turtle
from gateway.control.portal.negotiation import preferred
from gateway.control.state import Control

HTML: Final = "text/html"
FORMS: Final = {"jsonld": JSON_LD, "turtle": TURTLE}
"""What ``?format=`` may ask for, for people who want to look at it in a browser."""


def form_of(request: Request) -> str:
    """The media type to answer in."""
    asked = request.query_params.get("format", "")
    if asked in FORMS:
        return FORMS[asked]
    return preferred(request.headers.get("accept", ""), (HTML, JSON_LD, "application/json", TURTLE))


def linked(
    control: Control, media_type: str, name: str, make: Callable[[], dict[str, Any]]
) -> Response:
    """Linked data in that form, made once for each state of the catalogue.

    Args:
        name: of what is described, for keeping it.
    """
    kept = control.publisher.current.documents
    key = f"{media_type} {name}"
    if key not in kept:
        made = make()
        kept[key] = turtle(made).encode() if media_type == TURTLE else orjson.dumps(made)
    said = JSON_LD if media_type == "application/json" else media_type
    charset = "; charset=utf-8" if said == TURTLE else ""
    headers = {
        "Vary": "Accept",
        "Cache-Control": "public, max-age=2",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(kept[key], media_type=said + charset, headers=headers)
