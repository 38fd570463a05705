"""Entities as GeoJSON (RFC 7946), for maps (GS CIM 009 §4.5.16, §4.5.17)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.broker.context.kinds import dataset
from services.broker.context.model import ContextEntity
from services.broker.context.represent import represent
from services.broker.context.view import View


def feature(entity: ContextEntity, view: View, geometry: str) -> dict[str, Any]:
    """An entity as a Feature; its attributes in the view's representation are the properties.

    Args:
        geometry: expanded name of the GeoProperty that is its place (§4.5.16.1).
    """
    properties = represent(entity, view)
    found = {"id": properties.pop("id")} if "id" in properties else {}
    return {
        **found,
        "type": "Feature",
        "geometry": _geometry(entity, view, geometry),
        "properties": properties,
    }


def feature_collection(
    entities: Iterable[ContextEntity], view: View, geometry: str
) -> dict[str, Any]:
    """Entities as a FeatureCollection (§4.5.16.3)."""
    return {
        "type": "FeatureCollection",
        "features": [feature(entity, view, geometry) for entity in entities],
    }


def _geometry(entity: ContextEntity, view: View, name: str) -> Any:
    """The place; None where the entity has none, or several and no default (§4.5.16.1)."""
    for instance in entity.attributes.get(name, []):
        wanted = dataset(instance) in (view.datasets or ("",))
        if wanted and instance["type"] == "GeoProperty":
            return instance["value"]
    return None
