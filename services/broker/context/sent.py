"""A request's body, and the ``@context`` that its names are read with (GS CIM 009 §6.3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi import Request

from schemas.problem import BadRequest
from services.broker.body import media_type, parse_json, read_body
from services.broker.context.errors import (
    BadRequestData,
    InvalidRequest,
    NgsiProblem,
    UnsupportedMediaType,
)
from services.broker.context.jsonld import CORE, Context
from services.broker.context.keywords import check_nothing_nested, with_plain_keywords
from services.broker.context.ld.contexts import Contexts
from services.broker.context.negotiation import JSON, JSON_LD
from services.broker.context.params import Params

MERGE_PATCH: Final = "application/merge-patch+json"
QUERY_PATH: Final = "/entityOperations/query"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request's body, and what its names mean.

    Attributes:
        context: of the whole body, unless an item of it brings its own.
    """

    body: Any
    context: Context
    own: Mapping[bytes, Context | NgsiProblem] = field(default_factory=dict)
    needs_own: bool = False

    def context_of(self, item: Any) -> Context:
        """What the names of one item of the body mean.

        Raises:
            BadRequestData: it brings no context and has to, or what it brings is none.
            LdContextNotAvailable: what it names cannot be had.
        """
        if not isinstance(item, dict) or "@context" not in item:
            if self.needs_own and isinstance(item, dict):
                raise BadRequestData(_NEEDED)
            return self.context
        found = self.own.get(orjson.dumps(item["@context"]), self.context)
        if isinstance(found, NgsiProblem):
            raise found
        return found


_NEEDED: Final = "application/ld+json needs an @context in the body."


async def read_ngsild(request: Request, params: Params) -> Sent:
    """A request's body, with the context that its content type says where to find (§6.3.5).

    Raises:
        InvalidRequest: no JSON.
        BadRequestData: an ``@context`` that is missing, or where none may be.
        LdContextNotAvailable: one cannot be had.
        Problem: 415, 413.
    """
    media = media_type(request)
    if media not in (JSON, JSON_LD) and (media, request.method) != (MERGE_PATCH, "PATCH"):
        raise UnsupportedMediaType(media)
    raw = await read_body(request)
    try:
        body = parse_json(raw)
    except BadRequest as error:
        raise InvalidRequest(error.detail) from error
    if b"@" in raw:  # else there is none of JSON-LD's keywords, and nothing to look for
        check_nothing_nested(body)
        body = with_plain_keywords(body)
    if media == JSON_LD:
        sent = await _with_own_context(body, params.contexts)
    else:
        sent = _without_context(body, params)
    if request.url.path.endswith(QUERY_PATH):
        # the answer may have to name it in a Link field
        context = await params.contexts.hosted(sent.context, params.tenant)
        return Sent(sent.body, context)
    return sent


def _without_context(body: Any, params: Params) -> Sent:
    items = body if isinstance(body, list) else [body]
    if any(isinstance(item, dict) and "@context" in item for item in items):
        raise BadRequestData("@context in the body needs the content type application/ld+json.")
    return Sent(body, params.context)


async def _with_own_context(body: Any, contexts: Contexts) -> Sent:
    if isinstance(body, dict):
        if "@context" not in body:
            raise BadRequestData(_NEEDED)
        context = await contexts.resolve(body["@context"])
        return Sent(body, context, {orjson.dumps(body["@context"]): context})
    items = [item for item in body if isinstance(item, dict)] if isinstance(body, list) else []
    if items and not any("@context" in item for item in items):
        raise BadRequestData(_NEEDED)
    own: dict[bytes, Context | NgsiProblem] = {}
    for item in items:
        if "@context" in item and (key := orjson.dumps(item["@context"])) not in own:
            own[key] = await _context_or_problem(item["@context"], contexts)
    return Sent(body, CORE, own, needs_own=True)


async def _context_or_problem(value: Any, contexts: Contexts) -> Context | NgsiProblem:
    """One item's bad context is that item's; the others of a batch are not refused for it."""
    try:
        return await contexts.resolve(value)
    except NgsiProblem as problem:
        return problem
