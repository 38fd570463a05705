"""Answers that hold entities: JSON, JSON-LD or GeoJSON, as the caller accepts (§6.3.6, §6.3.15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from fastapi import Request, Response

from services.broker.context.errors import BadRequestData
from services.broker.context.geojson import feature, feature_collection
from services.broker.context.model import ContextEntity
from services.broker.context.params import GEO_JSON, JSON, JSON_LD, Params
from services.broker.context.reply import answer
from services.broker.context.represent import represent
from services.broker.context.view import View

_LOCATION: Final = "location"


def answer_entity(
    entity: ContextEntity, view: View, request: Request, params: Params, headers: dict[str, str]
) -> Response:
    """One entity.

    Raises:
        BadRequestData: ``geometryProperty`` without GeoJSON (§5.7.1.4).
    """
    geometry = _geometry(params)
    if params.media == GEO_JSON:
        return _answer_geojson(feature(entity, view, geometry), request, params, headers)
    return answer(represent(entity, view), params, headers=headers)


def answer_entities(
    entities: Sequence[ContextEntity],
    view: View,
    request: Request,
    params: Params,
    headers: dict[str, str],
    shown: list[dict[str, Any]] | None = None,
) -> Response:
    """A page of entities.

    Args:
        shown: their JSON, where it has more in it than they themselves.

    Raises:
        BadRequestData: ``geometryProperty`` without GeoJSON (§5.7.2.4).
    """
    geometry = _geometry(params)
    if params.media == GEO_JSON:
        found = feature_collection(entities, view, geometry)
        return _answer_geojson(found, request, params, headers)
    if shown is None:
        shown = [represent(entity, view) for entity in entities]
    return answer(shown, params, headers=headers)


def _geometry(params: Params) -> str:
    name = params.given.get("geometryProperty", "")
    if name and params.media != GEO_JSON:
        raise BadRequestData(f"geometryProperty belongs to Accept: {GEO_JSON}.")
    return params.context.expand(name or _LOCATION)


def _answer_geojson(
    body: dict[str, Any], request: Request, params: Params, headers: dict[str, str]
) -> Response:
    """GeoJSON; ``Prefer: body=json`` has the @context beside it, not in it (§6.3.6)."""
    wishes = {part.strip() for part in request.headers.get("prefer", "").split(",")}
    media = JSON if "body=json" in wishes else JSON_LD
    response = answer(body, replace(params, media=media), headers=headers)
    response.headers["content-type"] = GEO_JSON
    return response
