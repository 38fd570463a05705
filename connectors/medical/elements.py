"""Reading the data types of FHIR R4 (§2.24): names, addresses, codes, places, moments."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from schemas.ngsild import Point

TRANSLATION: Final = "http://hl7.org/fhir/StructureDefinition/translation"

Json = dict[str, Any]


def codings(concept: Json) -> list[tuple[str, str]]:
    """(system, code) of each coding of a CodeableConcept."""
    found = concept.get("coding") or ()
    return [(coding.get("system") or "", coding.get("code") or "") for coding in found]


def translation(resource: Json, element: str, language: str) -> str | None:
    """An element in another language (FHIR's standard extension ``translation``)."""
    for extension in (resource.get(f"_{element}") or {}).get("extension") or ():
        if extension.get("url") == TRANSLATION:
            parts = {
                part.get("url"): part.get("valueCode") or part.get("valueString")
                for part in extension.get("extension") or ()
            }
            if parts.get("lang") == language:
                return parts.get("content")
    return None


def address(resource: Json) -> str | None:
    """The (first) Address in one line, as it is written in Japan: largest part first."""
    found = resource.get("address")
    one = found[0] if isinstance(found, list) and found else found or {}
    if one.get("text"):
        return str(one["text"])
    parts = [one.get("state"), one.get("city"), *(one.get("line") or ())]
    return "".join(part for part in parts if part) or None


def telecom(*resources: Json, system: str) -> str | None:
    """The first contact point of a system (``phone``, ``url``) that any of these has."""
    points = (point for resource in resources for point in resource.get("telecom") or ())
    return next((p["value"] for p in points if p.get("system") == system and p.get("value")), None)


def position(location: Json) -> Point | None:
    """The place of a Location resource (WGS 84)."""
    found = location.get("position")
    if not found:
        return None
    return Point.at(float(found["latitude"]), float(found["longitude"]))


def covers(period: Json, moment: datetime | None) -> bool:
    """Whether a Period holds a moment; it is open where an end is not given."""
    if moment is None:
        return False
    start, end = (_moment(period.get(name), moment) for name in ("start", "end"))
    return (start is None or start <= moment) and (end is None or moment < end)


def _moment(text: str | None, like: datetime) -> datetime | None:
    """A FHIR dateTime; one without a time begins its day, in the zone of ``like``."""
    if text is None:
        return None
    whole = text if len(text) >= len("2026-01-01") else (text + "-01-01")[: len("2026-01-01")]
    found = datetime.fromisoformat(whole)
    return found if found.tzinfo else found.replace(tzinfo=like.tzinfo)
