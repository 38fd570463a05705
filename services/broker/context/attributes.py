"""Attributes as they come in: normalized, concise or simplified (GS CIM 009 §4.5), into one form.

Stored is always the same: an attribute is a list of instances, one for each ``datasetId``; an
instance is the normalized object with its sub-attributes under expanded names, as lists too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from schemas.ngsild import is_geometry, timestamp
from services.broker.context.errors import BadRequestData
from services.broker.context.geometry import is_sound
from services.broker.context.jsonld import Context

Instance = dict[str, Any]
Attributes = dict[str, list[Instance]]

VALUE_OF: Final[Mapping[str, str]] = {
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "JsonProperty": "json",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
}
"""Kind of attribute → the member that holds what it says (§4.5.2 to §4.5.24)."""

KIND_OF: Final[Mapping[str, str]] = {
    member: kind for kind, member in VALUE_OF.items() if kind != "GeoProperty"
}
TIMES: Final = ("observedAt", "createdAt", "modifiedAt")
METADATA: Final = frozenset(("unitCode", "datasetId", "objectType", *TIMES))
NULL: Final = "urn:ngsi-ld:null"
"""Says "remove this" where an update can (§4.5.0)."""

_SET_BY_THE_BROKER: Final = frozenset(("createdAt", "modifiedAt", "deletedAt", "instanceId"))
_MOST_DEPTH: Final = 5
_MOST_INSTANCES: Final = 1000


def parse_attribute(value: Any, context: Context, where: str, depth: int = 0) -> list[Instance]:
    """The instances that a JSON value says.

    Args:
        where: JSON Pointer, for the refusal.

    Raises:
        BadRequestData: it is no attribute in any representation.
    """
    if depth > _MOST_DEPTH:
        raise BadRequestData(f"{where}: attributes of attributes go {_MOST_DEPTH} deep at most.")
    if _is_multi(value):
        instances = [_instance(item, context, where, depth) for item in value]
        return _distinct(instances, where)
    return [_instance(value, context, where, depth)]


def _is_multi(value: Any) -> bool:
    """A list of attribute objects, not a Property whose value is a list (§4.5.5)."""
    return (
        isinstance(value, list)
        and 0 < len(value) <= _MOST_INSTANCES
        and all(isinstance(item, dict) and item.get("type") in VALUE_OF for item in value)
    )


def _distinct(instances: list[Instance], where: str) -> list[Instance]:
    datasets = [instance.get("datasetId") for instance in instances]
    if len(set(datasets)) != len(datasets):
        raise BadRequestData(f"{where}: two instances have the same datasetId.")
    return instances


def _instance(value: Any, context: Context, where: str, depth: int) -> Instance:
    members = _members(value)
    kind = members["type"]
    holder = VALUE_OF[kind]
    if members.get(holder) is None:
        raise BadRequestData(f"{where}: a {kind} needs {holder!r}, and it is never null.")
    _check(kind, members[holder], f"{where}/{holder}")
    instance: Instance = {"type": kind, holder: members[holder]}
    for name, member in members.items():
        if name in instance or name in _SET_BY_THE_BROKER:
            continue
        if name in METADATA:
            instance[name] = _metadata(name, member, where)
        else:
            below = parse_attribute(member, context, f"{where}/{name}", depth + 1)
            instance[context.expand(name)] = below
    return instance


def _members(value: Any) -> dict[str, Any]:
    """The normalized object of a value in any representation (§4.5.1, §4.5.4, concise §4.5.3)."""
    if is_geometry(value):
        return {"type": "GeoProperty", "value": value}
    if not isinstance(value, dict):
        return {"type": "Property", "value": value}
    if value.get("type") in VALUE_OF:
        return value
    kind = next((kind for member, kind in KIND_OF.items() if member in value), None)
    if kind is None:
        return {"type": "Property", "value": value}
    if kind == "Property" and is_geometry(value["value"]):
        kind = "GeoProperty"
    return {**value, "type": kind}


def _check(kind: str, held: Any, where: str) -> None:
    if held == NULL:
        return
    if kind == "GeoProperty" and not is_sound(held):
        raise BadRequestData(f"{where}: a GeoProperty holds a GeoJSON geometry, in degrees.")
    if kind == "Relationship":
        for target in held if isinstance(held, list) else [held]:
            if not isinstance(target, str) or ":" not in target:
                raise BadRequestData(f"{where}: a Relationship points to URIs.")
    if kind == "LanguageProperty" and not isinstance(held, dict):
        raise BadRequestData(f"{where}: a languageMap is an object, language tag → text.")
    if kind.startswith("List") and not isinstance(held, list):
        raise BadRequestData(f"{where}: a {kind} holds a list.")


def _metadata(name: str, value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadRequestData(f"{where}/{name}: is a text.")
    return as_datetime(value, f"{where}/{name}") if name in TIMES else value


def as_datetime(text: str, where: str) -> str:
    """A DateTime in UTC (§4.6.3); what is in UTC already stays as it is written."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequestData(f"{where}: {text[:40]!r} is no DateTime.") from error
    if moment.tzinfo is None:
        raise BadRequestData(f"{where}: a DateTime needs Z or an offset.")
    return text if text.endswith("Z") else timestamp(moment)
