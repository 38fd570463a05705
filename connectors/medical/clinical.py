"""What the broker is told of a patient's resources: their key fields, and the whole beside them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from schemas.medical import CLINICAL, ClinicalEntity, Patient
from schemas.ngsild import urn

_TYPES: Final = {kind.entity_type: kind for kind in CLINICAL}
_CODE: Final = {
    "Immunization": "vaccineCode",
    "MedicationRequest": "medicationCodeableConcept",
    "Encounter": "class",
    "Appointment": "serviceType",
}
_EFFECTIVE: Final = (
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "period",
    "onsetDateTime",
    "performedDateTime",
    "performedPeriod",
    "occurrenceDateTime",
    "authoredOn",
    "start",
    "issued",
    "recordedDate",
)
"""Where FHIR R4 resources say when; the first that is there counts."""


def entity(resource: dict[str, Any], patient: str) -> ClinicalEntity:
    """A resource as a personal entity.

    Args:
        patient: id of the Patient it is about.
    """
    kind = resource["resourceType"]
    common: dict[str, Any] = {
        "id": urn(kind, resource["id"]),
        "status": _status(resource),
        "code": _text(resource.get(_CODE.get(kind, "code"))),
        "effective": effective(resource) or None,
        "resource": plain(resource),
    }
    if kind == "Patient":
        return Patient(
            **common,
            name=_name(resource),
            gender=resource.get("gender"),
            birth_date=resource.get("birthDate"),
        )
    quantity = resource.get("valueQuantity") or {}
    value = quantity.get("value")
    return _TYPES[kind](
        **common,
        patient=urn("Patient", patient),
        value=None if value is None else float(value),
        unit=quantity.get("unit"),
    )


def effective(resource: dict[str, Any]) -> str:
    """When what the resource says was so: a FHIR dateTime of any precision, or empty."""
    for name in _EFFECTIVE:
        moment = resource.get(name)
        if isinstance(moment, dict):
            moment = moment.get("start") or moment.get("end")
        if moment:
            return str(moment)
    return ""


def plain(value: Any) -> Any:
    """FHIR JSON with ordinary numbers, without the nulls that NGSI-LD has no place for."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(child) for name, child in value.items() if child is not None}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return value


def _status(resource: dict[str, Any]) -> str | None:
    status = resource.get("status")
    return str(status) if status else _text(resource.get("clinicalStatus"))


def _text(concept: Any) -> str | None:
    """A CodeableConcept or Coding in words: its text, else its first display, else its code."""
    if isinstance(concept, list):
        concept = concept[0] if concept else None
    if not isinstance(concept, dict):
        return None
    codings = concept.get("coding") or [concept]
    words = [concept.get("text"), *(c.get("display") or c.get("code") for c in codings)]
    return next((str(word) for word in words if word), None)


def _name(patient: dict[str, Any]) -> str | None:
    names = patient.get("name") or []
    chosen = next((n for n in names if n.get("use") == "official"), names[0] if names else None)
    if chosen is None:
        return None
    parts = [*(given for given in chosen.get("given") or () if given), chosen.get("family")]
    return chosen.get("text") or " ".join(part for part in parts if part) or None
