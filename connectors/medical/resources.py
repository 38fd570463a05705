"""FHIR R4 resources as JSON: which are kept, whom one is about, what it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

PATIENT_OF: Final = {
    "Patient": "",
    "Observation": "subject",
    "Encounter": "subject",
    "Condition": "subject",
    "Procedure": "subject",
    "MedicationRequest": "subject",
    "AllergyIntolerance": "patient",
    "Immunization": "patient",
    "DiagnosticReport": "subject",
    "Appointment": "participant",
}
"""Resource type → the element that says which patient it is about."""

ORGANISATIONAL: Final = ("Organization", "Location", "HealthcareService", "MeasureReport")


def references(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Every literal reference below ``value``: (JSON Pointer, target)."""
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "reference" and isinstance(child, str):
                yield pointer(where, name), child
            else:
                yield from references(child, pointer(where, name))
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from references(child, pointer(where, position))


def patient_references(resource: dict[str, Any]) -> list[str]:
    """The literal references to patients by which a resource says whom it is about."""
    element = PATIENT_OF[resource["resourceType"]]
    if element == "participant":
        actors = (item.get("actor") or {} for item in resource.get("participant") or ())
        found = [str(actor.get("reference", "")) for actor in actors]
        return [target for target in found if "Patient/" in target or target.startswith("urn:")]
    target = (resource.get(element) or {}).get("reference")
    return [target] if target else []


def pointer(where: str, *parts: Any) -> str:
    """JSON Pointer (RFC 6901) of a part below ``where``."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "/".join((where, *escaped))
