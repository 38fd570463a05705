"""Answers in JSON or JSON-LD (GS CIM 009 §6.3.5, §6.3.6)."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Response

from services.broker.context.params import JSON_LD, Params


def answer(body: Any, params: Params, *, headers: dict[str, str] | None = None) -> Response:
    """JSON with the request's ``@context``: in the body of JSON-LD, in a Link field beside JSON."""
    fields = dict(headers or {})
    if params.media == JSON_LD:
        items = body if isinstance(body, list) else [body]
        for item in items:
            item["@context"] = params.context.source
    else:
        fields["link"] = ", ".join(filter(None, (fields.get("link"), params.context.link)))
    return Response(orjson.dumps(body), media_type=params.media, headers=fields)
