"""EPCIS master data (``epcisMasterData``, CBV 2.0 §10): names and positions of places."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from connectors.logistics.vocabulary import URI
from schemas.problem import Fault

_AT: Final = "/epcisHeader/epcisMasterData/vocabularyList"
_ATTRIBUTE = re.compile(r"(?:urn:epcglobal:cbv:mda:|cbvmda:|cbv:mda:)(name|latitude|longitude)")
_GEO = re.compile(r"geo:(-?\d{1,2}(?:\.\d{1,15})?),(-?\d{1,3}(?:\.\d{1,15})?)(?:[;,].*)?", re.ASCII)
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_MOST_PLACES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Place:
    """A read point or business location; degrees WGS 84."""

    id: str
    name: str | None = None
    latitude: float | None = None
    longitude: float | None = None


def of_geo_uri(id_: str) -> Place | None:
    """The place that an RFC 5870 ``geo:`` URI is; None for other ids."""
    found = _GEO.fullmatch(id_)
    if not found:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    inside = abs(latitude) <= 90 and abs(longitude) <= 180
    return Place(id_, None, latitude, longitude) if inside else None


def places(document: dict[str, Any], faults: list[Fault]) -> tuple[Place, ...]:
    """The places that a document describes; what is wrong is added to ``faults``."""
    header = document.get("epcisHeader", {})
    data = header.get("epcisMasterData", {}) if isinstance(header, dict) else None
    vocabularies = data.get("vocabularyList", []) if isinstance(data, dict) else None
    if not isinstance(vocabularies, list):
        faults.append(Fault(_AT, "must be an array"))
        return ()
    found = []
    for at, element in _elements(vocabularies, faults):
        place = _place(element, at, faults)
        if place:
            found.append(place)
    if len(found) > _MOST_PLACES:
        faults.append(Fault(_AT, f"describes more than {_MOST_PLACES} places"))
    return tuple(found)


def _elements(vocabularies: list[Any], faults: list[Fault]) -> Iterator[tuple[str, Any]]:
    for number, vocabulary in enumerate(vocabularies):
        at = f"{_AT}/{number}"
        kind = vocabulary.get("type") if isinstance(vocabulary, dict) else None
        elements = vocabulary.get("vocabularyElementList", []) if kind else None
        if not isinstance(kind, str) or not isinstance(elements, list):
            faults.append(Fault(at, "must have a type and a vocabularyElementList"))
        elif kind.endswith((":ReadPoint", ":BusinessLocation", ":Location")):
            yield from (
                (f"{at}/vocabularyElementList/{index}", item) for index, item in enumerate(elements)
            )


def _place(element: Any, at: str, faults: list[Fault]) -> Place | None:
    id_ = element.get("id") if isinstance(element, dict) else None
    attributes = element.get("attributes", []) if isinstance(element, dict) else None
    if not isinstance(id_, str) or not URI.fullmatch(id_) or not isinstance(attributes, list):
        faults.append(Fault(at, "must have an id that is a URI, and attributes"))
        return None
    said = {}
    for attribute in attributes:
        known = isinstance(attribute, dict) and _ATTRIBUTE.fullmatch(str(attribute.get("id")))
        if known:
            said[known[1]] = attribute.get("attribute")
    latitude = _degrees(said.get("latitude"), 90, f"{at} latitude", faults)
    longitude = _degrees(said.get("longitude"), 180, f"{at} longitude", faults)
    name = said.get("name")
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        faults.append(Fault(f"{at} name", "must be text of 1 to 200 characters"))
        return None
    return Place(id_, name, latitude, longitude)


def _degrees(value: Any, most: int, where: str, faults: list[Fault]) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= most:
        faults.append(Fault(where, f"must be a number from -{most} to {most}"))
        return None
    return number
