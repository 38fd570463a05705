"""Hospitals in FHIR R4: who they are, what they offer, how much room they have.

- Organization (type ``prov``, or untyped): the hospital;
- Location (``managingOrganization``): where it is;
- HealthcareService (``providedBy``): its specialties, and whether it takes emergencies now;
- MeasureReport (``reporter``): its beds, by the codes of HL7's situational-awareness guide
  (SANER 1.0, CodeSystem MeasuredValues: ``numTotBeds``, ``numTotBedsAvail``, …).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from connectors.medical.bundle import Document, Sent, read
from connectors.medical.elements import (
    address,
    codings,
    covers,
    position,
    telecom,
    translation,
)
from connectors.medical.resources import ORGANISATIONAL, pointer
from schemas.medical import Department, Hospital
from schemas.ngsild import urn
from schemas.problem import Fault, Unprocessable

MEASURED_VALUES: Final = "http://hl7.org/fhir/uv/saner/CodeSystem/MeasuredValues"
SNOMED: Final = "http://snomed.info/sct"
EMERGENCY_CATEGORY: Final = ("http://terminology.hl7.org/CodeSystem/service-category", "14")
"""``Emergency Department`` of FHIR's service categories."""

_BEDS: Final = {
    "numTotBeds": "beds_total",
    "numTotBedsAvail": "beds_available",
    "numICUBeds": "icu_beds_total",
    "numICUBedsAvail": "icu_beds_available",
}


@dataclass
class _Parts:
    """What a document says of one hospital, besides the Organization itself."""

    locations: list[dict[str, Any]] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)


_BELONGS: Final = {
    "Location": ("managingOrganization", "locations"),
    "HealthcareService": ("providedBy", "services"),
    "MeasureReport": ("reporter", "reports"),
}


def parse(raw: bytes) -> tuple[Hospital, ...]:
    """Hospitals of a Bundle, in its order.

    Raises:
        Problem: it is not readable, or contradicts itself; the faults say where.
    """
    document = read(raw, ORGANISATIONAL, strict=False)
    parts = _gather(document)
    hospitals: list[Hospital] = []
    wrong: list[Fault] = []
    for sent in document.sent:
        try:
            if _is_hospital(sent.resource):
                hospital = _hospital(sent.resource, parts[sent.key], document.timestamp)
                wrong += _contradictions(hospital, sent.where)
                hospitals.append(hospital)
        except ValidationError as error:
            wrong += [_impossible(sent, item["loc"], item["msg"]) for item in error.errors()]
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            wrong.append(_impossible(sent, (), str(error)))
    if wrong:
        raise Unprocessable("The hospitals are not acceptable.", faults=wrong[:50])
    return tuple(hospitals)


def _impossible(sent: Sent, location: tuple[int | str, ...], what: str) -> Fault:
    about = " ".join(map(str, location))
    return Fault(sent.where or "/", f"{sent.key} is not possible: {about} {what}.")


def _gather(document: Document) -> dict[str, _Parts]:
    """Organization → what belongs to it, every reference followed.

    Raises:
        Unprocessable: a reference leads to nothing in the document.
    """
    keys = {sent.key: sent.key for sent in document.sent}
    keys |= {sent.url: sent.key for sent in document.sent if sent.url}
    parts: dict[str, _Parts] = defaultdict(_Parts)
    wrong: list[Fault] = []
    for sent in document.sent:
        wrong += _nowhere(sent, keys)
        element, kind = _BELONGS.get(sent.resource["resourceType"], ("", ""))
        target = keys.get((sent.resource.get(element) or {}).get("reference", ""))
        if target:
            getattr(parts[target], kind).append(sent.resource)
    if wrong:
        raise Unprocessable("The Bundle refers to what is not in it.", faults=wrong[:50])
    return parts


def _nowhere(sent: Sent, keys: dict[str, str]) -> Iterator[Fault]:
    for element in ("managingOrganization", "providedBy", "reporter", "location", "partOf"):
        named = sent.resource.get(element) or []
        several = isinstance(named, list)
        for index, reference in enumerate(named if several else [named]):
            target = reference.get("reference")
            if target and target not in keys:
                path = (element, index) if several else (element,)
                where = pointer(sent.where, *path, "reference")
                yield Fault(where, f"{target!r} is not in the Bundle.", "Send it along.")


def _is_hospital(resource: dict[str, Any]) -> bool:
    if resource["resourceType"] != "Organization" or resource.get("active") is False:
        return False
    codes = {code for kind in resource.get("type") or () for _, code in codings(kind)}
    return not codes or "prov" in codes


def _hospital(organisation: dict[str, Any], parts: _Parts, timestamp: str) -> Hospital:
    # of several Locations (a site, its wards), the one that says where it is
    place = max(parts.locations, key=lambda item: "position" in item, default={})
    report = max(parts.reports, key=lambda item: str(item.get("date") or ""), default={})
    emergency = [service for service in parts.services if _is_emergency(service)]
    observed = report.get("date") or timestamp
    moment = datetime.fromisoformat(observed) if "T" in observed else None
    return Hospital(
        id=urn("Hospital", organisation["id"]),
        observed_at=moment.astimezone(UTC) if moment else None,
        name=organisation.get("name") or place.get("name") or organisation["id"],
        name_en=translation(organisation, "name", "en"),
        address=address(place) or address(organisation),
        telephone=telecom(organisation, place, system="phone"),
        url=telecom(organisation, place, system="url"),
        location=position(place),
        departments=tuple(_departments(parts.services)),
        emergency_department=bool(emergency),
        emergency_accepting=any(_accepts(service, moment) for service in emergency),
        **_beds(report),
    )


def _is_emergency(service: dict[str, Any]) -> bool:
    return any(EMERGENCY_CATEGORY in codings(concept) for concept in service.get("category") or ())


def _accepts(service: dict[str, Any], moment: datetime | None) -> bool:
    """Whether an emergency service takes patients: active, and not announced as unavailable."""
    if service.get("active") is False:
        return False
    periods = (item.get("during") or {} for item in service.get("notAvailable") or ())
    return not any(covers(period, moment) for period in periods)


def _beds(report: dict[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for group in report.get("group") or ():
        for population in group.get("population") or ():
            for system, code in codings(population.get("code") or {}):
                if system == MEASURED_VALUES and code in _BEDS and "count" in population:
                    counts[_BEDS[code]] = population["count"]
    return counts


def _contradictions(one: Hospital, where: str) -> Iterator[Fault]:
    pairs = (
        ("beds", one.beds_available, one.beds_total),
        ("ICU beds", one.icu_beds_available, one.icu_beds_total),
    )
    for what, available, total in pairs:
        if available is not None and total is not None and available > total:
            yield Fault(where, f"{available} of {total} {what} are said to be available.")


def _departments(services: Iterable[dict[str, Any]]) -> Iterator[Department]:
    seen = set()
    for service in services:
        for concept in service.get("specialty") or ():
            coding: dict[str, Any] = next(iter(concept.get("coding") or ()), {})
            name = concept.get("text") or coding.get("display") or coding.get("code")
            if name and name not in seen:
                seen.add(name)
                english = coding.get("display") if coding.get("system") == SNOMED else None
                yield Department(code=coding.get("code"), name=name, name_en=english)
