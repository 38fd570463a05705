"""An entity of the broker → what a map shows of it, and a list says. Pure.

Only what is not about a person is on the map: vehicles, shelters, alerts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Thing = dict[str, Any]
"""``id``, ``kind``, ``name`` by language, and what the kind has; JSON as it goes to the browser."""

TYPES: Final = ("Vehicle", "Shelter", "Alert", "DrillAlert")
_HOLDERS: Final = ("value", "object", "json", "vocab", "languageMap")
_MOST_TEXT: Final = 300
_MOST_POSITIONS: Final = 20_000
_GEOMETRIES: Final = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2,
    "MultiPolygon": 3,
}  # fmt: skip
"""GeoJSON type → how deep its positions are (RFC 7946 §3.1)."""


def simplified(entity: Mapping[str, Any]) -> dict[str, Any]:
    """A normalized entity's attributes as their values (GS CIM 009 §4.5.3)."""
    return {name: _value(attribute) for name, attribute in entity.items()}


def _value(attribute: Any) -> Any:
    if isinstance(attribute, list) and attribute and isinstance(attribute[0], dict):
        attribute = attribute[0]
    if isinstance(attribute, dict) and "type" in attribute:
        return next((attribute[name] for name in _HOLDERS if name in attribute), attribute)
    return attribute


def thing(entity: Mapping[str, Any]) -> Thing | None:
    """What is shown of an entity in simplified form; None where nothing is (any more).

    Whatever is not as the city's own schemas have it is left out: anybody may write entities.
    """
    identity, kind = entity.get("id"), entity.get("type")
    if not isinstance(identity, str) or not isinstance(kind, str) or kind not in TYPES:
        return None
    made = {"Vehicle": _vehicle, "Shelter": _shelter}.get(kind, _alert)(entity)
    return None if made is None else {"id": identity[:_MOST_TEXT], **made}


def _vehicle(entity: Mapping[str, Any]) -> Thing | None:
    at = _point(entity.get("location"))
    if at is None:
        return None
    label = _text(entity.get("label")) or _text(entity.get("fleetVehicleId"))
    return {
        "kind": "vehicle",
        "name": {"ja": label, "en": _text(entity.get("fleetVehicleId")) or label},
        "at": at,
        "heading": _number(entity.get("heading")) or 0.0,
        "route": _text(entity.get("routeId")),
        "status": _text(entity.get("currentStatus")),
    }


def _shelter(entity: Mapping[str, Any]) -> Thing | None:
    at = _point(entity.get("location"))
    if at is None:
        return None
    opened = entity.get("open")
    return {
        "kind": "shelter",
        "name": _names(entity),
        "at": at,
        "open": opened if isinstance(opened, bool) else None,
        "occupants": _number(entity.get("occupants")),
        "capacity": _number(entity.get("capacity")),
    }


def _alert(entity: Mapping[str, Any]) -> Thing | None:
    if entity.get("state") != "active":
        return None
    texts = entity.get("texts")
    said = {"ja": _alert_text(entity), "en": _alert_text(entity)}
    for one in texts if isinstance(texts, list) else ():
        if isinstance(one, dict) and isinstance(one.get("language"), str):
            language = one["language"].partition("-")[0].lower()
            if language in said:
                said[language] = _alert_text(one) or said[language]
    geometry = entity.get("location")
    return {
        "kind": "drill" if entity["type"] == "DrillAlert" else "alert",
        "name": said,
        "severity": _text(entity.get("severity")) or "unknown",
        "geometry": geometry if is_geometry(geometry) else None,
    }


def _alert_text(said: Mapping[str, Any]) -> str:
    return _text(said.get("headline")) or _text(said.get("event"))


def _names(entity: Mapping[str, Any]) -> dict[str, str]:
    name, names = _text(entity.get("name")), entity.get("names")
    known = names if isinstance(names, dict) else {}
    return {"ja": _text(known.get("ja")) or name, "en": _text(known.get("en")) or name}


def _text(value: Any) -> str:
    return value[:_MOST_TEXT] if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return value if good and abs(value) < 1e9 else None


def _point(location: Any) -> list[float] | None:
    if not isinstance(location, dict) or location.get("type") != "Point":
        return None
    return list(location["coordinates"][:2]) if is_geometry(location) else None


def is_geometry(value: Any) -> bool:
    """Whether it is a GeoJSON geometry on the earth, of no unreasonable size."""
    if not isinstance(value, dict) or value.get("type") not in _GEOMETRIES:
        return False
    found = 0
    for position in _positions(value.get("coordinates"), _GEOMETRIES[value["type"]]):
        found += 1
        if found > _MOST_POSITIONS or not _is_position(position):
            return False
    return found > 0


def _positions(coordinates: Any, depth: int) -> Iterator[Any]:
    if depth == 0:
        yield coordinates
    elif isinstance(coordinates, list | tuple):
        for part in coordinates:
            yield from _positions(part, depth - 1)
    else:
        yield None


def _is_position(position: Any) -> bool:
    if not isinstance(position, list | tuple) or len(position) < 2:
        return False
    longitude, latitude = _number(position[0]), _number(position[1])
    if longitude is None or latitude is None:
        return False
    return -180 <= longitude <= 180 and -90 <= latitude <= 90
