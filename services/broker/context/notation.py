"""How an attribute can be written (GS CIM 009 §4.5): whole, in short, or as its value alone."""

from __future__ import annotations

from typing import Any, Final

from schemas.ngsild import is_geometry
from services.broker.context.errors import BadRequestData
from services.broker.context.kinds import HOLDERS, KIND_OF, VALUE_OF

MOST_INSTANCES: Final = 1000


class Bare(dict[str, Any]):
    """An instance that came as a value alone: an update gives it the kind that is there already."""


def is_multi(value: Any) -> bool:
    """A list of attribute objects, not a Property whose value is a list (§4.5.5)."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_INSTANCES:
        return False
    if not all(isinstance(item, dict) for item in value):
        return False
    if all(_names_kind(item) for item in value):
        return True
    # in short: only a datasetId tells them from a list of objects that happen to look alike
    return any("datasetId" in item for item in value) and all(map(_shows_kind, value))


def _names_kind(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    return isinstance(kind, str) and kind in VALUE_OF


def _shows_kind(value: dict[str, Any]) -> bool:
    return _names_kind(value) if "type" in value else not HOLDERS.isdisjoint(value)


def members_of(value: Any, where: str) -> dict[str, Any]:
    """The normalized object of a value (§4.5.2), also of a concise one (§4.5.2.3, §4.7.3)."""
    if not isinstance(value, dict):
        return Bare({"type": "Property", "value": value})
    if "@context" in value:
        raise BadRequestData(f"{where}: an attribute brings no @context of its own.")
    kind = value.get("type")
    if isinstance(kind, str) and kind in VALUE_OF:
        return value
    if is_geometry(value):
        return Bare({"type": "GeoProperty", "value": value})
    if "type" in value:
        raise BadRequestData(f"{where}/type: is one of {', '.join(VALUE_OF)}.")
    kind = next((kind for member, kind in KIND_OF.items() if member in value), None)
    if kind is None:
        return Bare({"type": "Property", "value": value})
    if kind == "Property" and is_geometry(value["value"]):
        kind = "GeoProperty"
    return {**value, "type": kind}


def unfolded(value: Any) -> dict[str, Any]:
    """The normalized object of a simplified value (§4.5.4)."""
    if isinstance(value, dict) and len(value) == 1:
        (name,) = value
        if name in ("languageMap", "vocab", "json"):
            return {"type": KIND_OF[name], name: value[name]}
    return Bare({"type": "GeoProperty" if is_geometry(value) else "Property", "value": value})
