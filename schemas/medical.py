"""Canonical entities and events of the medical domain.

Hospitals are open data; what a FHIR resource says of a patient is personal, and every type of it
says so by ``legal_class``.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, Field

from schemas.ngsild import Entity, Point, Relationship, Value
from schemas.xcity import LegalClass


class Department(Value):
    """A specialty that a hospital offers (診療科).

    Attributes:
        code: SNOMED CT (or the sender's own) code, when given.
        name, name_en: as the hospital writes it, and in English when given.
    """

    code: str | None = None
    name: str
    name_en: str | None = None


class Hospital(Entity):
    """A hospital or clinic, and how much room it has (schema.org ``Hospital``).

    Attributes:
        beds_total, beds_available, icu_beds_total, icu_beds_available: absent when not reported,
            which is not zero.
        emergency_department: has one.
        emergency_accepting: takes emergency patients at ``observed_at``.
    """

    entity_type: ClassVar[str] = "Hospital"

    name: str
    name_en: str | None = None
    address: str | None = None
    telephone: str | None = None
    url: str | None = None
    location: Point | None = None
    departments: tuple[Department, ...] = ()
    beds_total: int | None = Field(default=None, ge=0)
    beds_available: int | None = Field(default=None, ge=0)
    icu_beds_total: int | None = Field(default=None, ge=0)
    icu_beds_available: int | None = Field(default=None, ge=0)
    emergency_department: bool = False
    emergency_accepting: bool = False


class ClinicalEntity(Entity):
    """A FHIR R4 resource about a patient.

    Attributes:
        patient: the :class:`Patient` it is about.
        status: the resource's own.
        code: what it is about, in words (``Observation.code``, ``Immunization.vaccineCode``, …).
        effective: when it was so, a FHIR dateTime of any precision.
        value, unit: a measured quantity.
        resource: the whole resource; decimals are numbers here, the open API keeps their digits.
    """

    legal_class: ClassVar[LegalClass] = LegalClass.PERSONAL

    patient: Annotated[str | None, Relationship()] = None
    status: str | None = None
    code: str | None = None
    effective: str | None = None
    value: float | None = None
    unit: str | None = None
    resource: dict[str, Any]


class Patient(ClinicalEntity):
    """A person as a hospital knows them.

    Attributes:
        birth_date: of any precision (FHIR ``date``).
    """

    entity_type: ClassVar[str] = "Patient"

    name: str | None = None
    gender: str | None = None
    birth_date: str | None = None


class Observation(ClinicalEntity):
    entity_type: ClassVar[str] = "Observation"


class Encounter(ClinicalEntity):
    entity_type: ClassVar[str] = "Encounter"


class Condition(ClinicalEntity):
    entity_type: ClassVar[str] = "Condition"


class Procedure(ClinicalEntity):
    entity_type: ClassVar[str] = "Procedure"


class MedicationRequest(ClinicalEntity):
    entity_type: ClassVar[str] = "MedicationRequest"


class AllergyIntolerance(ClinicalEntity):
    entity_type: ClassVar[str] = "AllergyIntolerance"


class Immunization(ClinicalEntity):
    entity_type: ClassVar[str] = "Immunization"


class DiagnosticReport(ClinicalEntity):
    entity_type: ClassVar[str] = "DiagnosticReport"


class Appointment(ClinicalEntity):
    entity_type: ClassVar[str] = "Appointment"


CLINICAL: Final[tuple[type[ClinicalEntity], ...]] = (
    Patient,
    Observation,
    Encounter,
    Condition,
    Procedure,
    MedicationRequest,
    AllergyIntolerance,
    Immunization,
    DiagnosticReport,
    Appointment,
)

ENTITIES: Final[tuple[type[Entity], ...]] = (Hospital, *CLINICAL)
EVENTS: Final[dict[str, type[BaseModel]]] = {}
