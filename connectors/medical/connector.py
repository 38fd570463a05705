"""The medical connector: see README.md."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from fastapi import APIRouter

from connectors.base import Connector, Context
from connectors.feed import FeedSpec
from connectors.links import Links, links_table
from connectors.medical import sample
from connectors.medical.api import appointments_router, hospitals_router, records_router
from connectors.medical.appointments import DATASET as APPOINTMENTS
from connectors.medical.appointments import Appointments
from connectors.medical.bundle import read
from connectors.medical.fhirjson import MEDIA_TYPE
from connectors.medical.hospitals import parse
from connectors.medical.record_table import RecordTable
from connectors.medical.records import Records
from connectors.medical.resources import PATIENT_OF
from connectors.names import Names, names_table
from schemas.medical import Hospital
from schemas.xcity import ApiInfo, DataField, Dataset, LegalClass

HOSPITALS: FeedSpec[tuple[Hospital, ...]] = FeedSpec(
    name="organizations",
    standard="HL7 FHIR R4 Bundle (Organization, Location, HealthcareService, MeasureReport)",
    media_types=(MEDIA_TYPE, "application/json"),
    parse=parse,
    entities=lambda hospitals: hospitals,
    sample=sample.organizations,
    interval=60.0,
    limit=32 * 1024 * 1024,
)


_SEARCHSET: Final = ("resourceType", "type", "total", "link", "entry.resource.resourceType")


def _of_records(name: str, title: str, title_ja: str, *members: str) -> DataField:
    return DataField(
        id=name,
        title=title,
        title_ja=title_ja,
        paths=(*_SEARCHSET, *(f"entry.resource.{member}" for member in members)),
    )


# a field is what no other kind of resource has: `code` is a diagnosis as well as a measurement
RECORD_FIELDS: Final = (
    _of_records(
        "immunizations", "Vaccinations", "予防接種",
        *("vaccineCode", "occurrenceDateTime", "occurrenceString", "protocolApplied"),
        *("lotNumber", "doseQuantity"),
    ),
    _of_records(
        "medications", "Medicines prescribed", "処方された薬",
        "medicationCodeableConcept", "dosageInstruction", "authoredOn", "dispenseRequest",
    ),
)  # fmt: skip


class MedicalConnector(Connector):
    info: ClassVar[ApiInfo] = ApiInfo(
        domain="medical",
        title_ja="医療",
        datasets=(
            Dataset(
                id="hospitals",
                title="Hospitals and their capacity",
                title_ja="医療機関と空床",
                description="Hospitals and clinics, specialties, beds, emergency acceptance.",
                update_seconds=300,
                standard="http://hl7.org/fhir/R4",
            ),
            Dataset(
                id="medical-records",
                title="A resident's own medical records",
                title_ja="本人の診療記録",
                title_easy="病院の 記録",
                description="FHIR resources that hospitals hold of a resident.",
                licence="",
                legal_class=LegalClass.PERSONAL,
                standard="http://hl7.org/fhir/R4",
                fields=RECORD_FIELDS,
            ),
            APPOINTMENTS,
        ),
    )
    title = "Medical"
    description = "Hospitals and their capacity (open), and a resident's own records (personal)."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.hospitals = self.feed(HOSPITALS)
        links = links_table(self.metadata)
        self.names = Names(self.store, names_table(self.metadata), self.domain, (links,))
        self.links = Links(self.store, links, self.domain, self.names)
        self.records = Records(
            self.store, RecordTable.declare(self.metadata), self.publisher, self.clock
        )

        self.appointments = Appointments(self.records, lambda: self.hospitals.value or ())

    def router(self) -> APIRouter:
        made = hospitals_router(lambda: self.hospitals.value or ())
        made.include_router(records_router(self.records, self.links))
        made.include_router(appointments_router(self.appointments, self.links))
        made.include_router(self.links.router())
        made.include_router(self.names.router())
        return made

    async def started(self) -> None:
        """Give the sample residents their records; kept already, nothing changes."""
        if self.context.sample:
            document = await asyncio.to_thread(read, sample.records(), PATIENT_OF)
            await self.records.keep(document)
