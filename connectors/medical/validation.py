"""Whether a FHIR R4 resource is valid, and where it is not.

By ``fhir.resources``' R4B models: R4B (4.3) changed none of the resources read here against R4
(4.0.1), and its models know every element, type, cardinality and choice of them. What they leave
open is checked beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final

from fhir.resources.R4B import get_fhir_model_class
from pydantic import BaseModel, ValidationError

from connectors.medical.resources import pointer, references
from schemas.problem import Fault

STATUSES: Final = {
    "Observation": "registered preliminary final amended corrected cancelled entered-in-error"
    " unknown",
    "DiagnosticReport": "registered partial preliminary final amended corrected appended cancelled"
    " entered-in-error unknown",
    "Encounter": "planned arrived triaged in-progress onleave finished cancelled entered-in-error"
    " unknown",
    "Procedure": "preparation in-progress not-done on-hold stopped completed entered-in-error"
    " unknown",
    "MedicationRequest": "active on-hold cancelled completed entered-in-error stopped draft"
    " unknown",
    "Immunization": "completed entered-in-error not-done",
    "Appointment": "proposed pending booked arrived fulfilled cancelled noshow entered-in-error"
    " checked-in waitlist",
}
"""Resource type → the required value set of its ``status`` (each resource's page in FHIR R4)."""

MOST_FAULTS: Final = 50
ID_LENGTH: Final = 64
"""FHIR R4 §2.24.0.1, ``id``."""


@cache
def model(resource_type: str) -> type[BaseModel]:
    """The model of a resource type; imported when first needed, for it is large."""
    found: type[BaseModel] = get_fhir_model_class(resource_type)
    return found


def faults(resource: dict[str, Any], where: str) -> list[Fault]:
    """What is wrong in a resource of a known type.

    Args:
        where: JSON Pointer of the resource in the document; faults are located below it.
    """
    kind = model(resource["resourceType"])
    try:
        read = kind.model_validate(resource)
    except ValidationError as error:
        items = error.errors(include_url=False, include_context=False)[:MOST_FAULTS]
        return [Fault(pointer(where, *item["loc"]), _sentence(item["msg"])) for item in items]
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        return [Fault(where or "/", f"Not a valid {resource['resourceType']}: {error}.")]
    return [
        *_bad_id(resource, where),
        *_bad_codes(resource, read, where),
        *_dangling(resource, where),
        *_mistyped(resource, read, where),
    ]


def _bad_id(resource: dict[str, Any], where: str) -> list[Fault]:
    identity = resource.get("id")
    if identity and len(identity) <= ID_LENGTH:
        return []
    what = f"The id is longer than {ID_LENGTH}." if identity else "The resource has no id."
    fix = "Give it the id that the sending system knows it by, so that sending it again is safe."
    return [Fault(pointer(where, "id"), what, fix)]


def _bad_codes(resource: dict[str, Any], read: BaseModel, where: str) -> list[Fault]:
    """Codes outside a required value set (FHIR R4 §4.1.5) of the resource's own elements."""
    found = []
    for name, info in type(read).model_fields.items():
        allowed = _allowed(resource["resourceType"], name, info.json_schema_extra)
        value = getattr(read, name)
        if allowed and isinstance(value, str) and value not in allowed:
            what = f"{value!r} is not a code of {name}."
            found.append(Fault(pointer(where, name), what, f"One of: {', '.join(allowed)}."))
    return found


def _allowed(resource_type: str, element: str, extra: Any) -> list[str]:
    if element == "status" and resource_type in STATUSES:
        return STATUSES[resource_type].split()
    listed = extra.get("enum_values") if isinstance(extra, dict) else None
    # the models cut long value sets short, with a plus sign at the end
    return [] if not listed or "+" in listed else list(map(str, listed))


def _dangling(resource: dict[str, Any], where: str) -> list[Fault]:
    """References into the resource's own ``contained`` that lead nowhere (FHIR R4 §2.28.3)."""
    contained = resource.get("contained") or ()
    names = {f"#{item.get('id')}" for item in contained} | {"#"}
    return [
        Fault(path, f"{target!r} refers to nothing in `contained`.")
        for path, target in references(resource, where)
        if target.startswith("#") and target not in names
    ]


def _mistyped(value: Any, read: Any, where: str) -> Iterator[Fault]:
    """Values that the models read although JSON has another type for them (FHIR R4 §2.6.2)."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _mistyped(child, getattr(read, name, None), pointer(where, name))
    elif isinstance(value, list) and isinstance(read, list):
        for position, (child, part) in enumerate(zip(value, read, strict=False)):
            yield from _mistyped(child, part, pointer(where, position))
    elif isinstance(read, bool) != isinstance(value, bool) and read is not None:
        yield Fault(where, "A boolean is true or false, without quotation marks.")
    elif isinstance(read, int | float | Decimal) and isinstance(value, str):
        yield Fault(where, "A number stands without quotation marks.")


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ").rstrip(".") + "."
