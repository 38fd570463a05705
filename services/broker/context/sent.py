"""A request's body, and the ``@context`` that its names are read with (GS CIM 009 §6.3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from schemas.problem import BadRequest
from services.broker.body import media_type, parse_json, read_body, unsupported
from services.broker.context.errors import BadRequestData, InvalidRequest
from services.broker.context.jsonld import Context, context_of
from services.broker.context.params import JSON, JSON_LD, Params


@dataclass(frozen=True, slots=True)
class Sent:
    """A request's body, and what its names mean.

    Attributes:
        context: of the whole body, unless an item of it brings its own.
    """

    body: Any
    context: Context

    def context_of(self, item: Any) -> Context:
        """What the names of one item of the body mean."""
        has_own = isinstance(item, dict) and "@context" in item
        return context_of(item["@context"]) if has_own else self.context


async def read_ngsild(request: Request, params: Params) -> Sent:
    """A request's body; JSON-LD must bring its ``@context`` itself (§6.3.5).

    Raises:
        InvalidRequest: no JSON.
        Problem: 415, 413.
    """
    media = media_type(request)
    if media not in (JSON, JSON_LD, "application/merge-patch+json"):
        raise unsupported(media, JSON, JSON_LD)
    try:
        body = parse_json(await read_body(request))
    except BadRequest as error:
        raise InvalidRequest(error.detail) from error
    if isinstance(body, dict) and media == JSON and "@context" in body:
        raise BadRequestData("@context in the body needs the content type application/ld+json.")
    if isinstance(body, dict) and media == JSON_LD and "@context" not in body:
        raise BadRequestData("application/ld+json needs an @context in the body.")
    sent = Sent(body, params.context)
    return Sent(body, sent.context_of(body))
