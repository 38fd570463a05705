"""Appointments (FHIR R4 Appointment): booked by an app for a resident, and told where they are.

An Appointment says by reference where it takes place. Who may know nothing but time and place
cannot follow references that name the patient in the same list, so each one is answered with its
place inside it (``contained``): the hospital's name, address and position as they are now.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from connectors.medical.bundle import Document, Sent
from connectors.medical.fhirjson import dumps, loads
from connectors.medical.records import Records
from connectors.medical.validation import faults
from schemas.kit.caller import Caller
from schemas.medical import Hospital
from schemas.ngsild import urn
from schemas.problem import Conflict, Fault, Unprocessable
from schemas.xcity import DataField, Dataset, LegalClass

KIND: Final = "Appointment"
_BUNDLE: Final = ("resourceType", "type", "total", "link")
"""Members that every reader of a searchset needs, and that say nothing of the appointment."""
_PLACE: Final = "place"
_ME: Final = "Patient/me"
_KEYS: Final = uuid.UUID("6f0c1f0e-3b5e-5d0e-9d43-6f1f2d8a0c11")


def _field(name: str, title: str, title_ja: str, *members: str) -> DataField:
    """Paths of an Appointment alone, as it is answered when booked, and in a searchset."""
    named = ("resourceType", *members)
    inside = [f"entry.resource.{member}" for member in named]
    return DataField(id=name, title=title, title_ja=title_ja, paths=(*_BUNDLE, *members, *inside))


DATASET: Final = Dataset(
    id="appointments",
    title="A resident's medical appointments",
    title_ja="本人の診療予約",
    title_easy="病院の 予約",
    description="When and where a resident is to be, and what for; booked through apps.",
    licence="",
    legal_class=LegalClass.PERSONAL,
    update_seconds=1,
    standard="http://hl7.org/fhir/R4/appointment.html",
    fields=(
        _field("time", "Date and time", "日時", "start", "end", "minutesDuration", "status"),
        _field(
            "place", "Place", "場所",
            *(f"contained.{member}" for member in ("resourceType", "name", "address", "position")),
        ),
        _field(
            "department", "Department", "診療科",
            "serviceCategory", "serviceType", "specialty", "appointmentType",
        ),
        _field(
            "reason", "Reason and notes", "受診の理由・備考",
            "reasonCode", "description", "comment", "patientInstruction",
        ),
        _field("reference", "Booking number", "予約番号", "id", "identifier", "created"),
    ),
)  # fmt: skip


class Appointments:
    """Books and lists appointments in the records.

    Args:
        hospitals: those that are known now.
    """

    def __init__(self, records: Records, hospitals: Callable[[], Sequence[Hospital]]) -> None:
        self._records, self._hospitals = records, hospitals

    async def book(self, raw: bytes, patient: str, caller: Caller, key: str | None) -> bytes:
        """Keep an appointment of a patient; the Appointment as it is kept.

        Args:
            key: with the same one, a client books the same appointment only once.

        Raises:
            Unprocessable: it is no Appointment at a hospital that is known, or about another.
            Conflict: the key has booked another one.
        """
        resource = _read(raw)
        place = _place(resource)
        if place is None or self._hospital(place) is None:
            where = "None of the participants is a hospital that is known here."
            raise _fault("/participant", where, "Add the actor Location/<hospital>.")
        resource["id"] = _identity(caller, key)
        resource["participant"] = _with_patient(resource["participant"], patient)
        before = await self._records.find(KIND, resource["id"])
        if before not in (None, dumps(resource)):
            raise Conflict(
                "This Idempotency-Key has booked another appointment; use a new one for each."
            )
        await self._records.keep(Document("", (Sent("", "", resource),)))
        return dumps(self._shown(resource))

    async def of(
        self, patient: str, limit: int, offset: int
    ) -> tuple[int, list[tuple[str, str, bytes]]]:
        """A patient's appointments, the latest first, each with its place."""
        total, found = await self._records.of(patient, [KIND], limit, offset)
        shown = [(kind, name, dumps(self._shown(loads(body)))) for kind, name, body in found]
        return total, shown

    def _hospital(self, reference: str) -> Hospital | None:
        name = urn("Hospital", reference.partition("/")[2])
        return next((one for one in self._hospitals() if one.id == name), None)

    def _shown(self, resource: dict[str, Any]) -> dict[str, Any]:
        """With its place inside, and nothing else that a sender may have put there."""
        reference = _place(resource)
        if reference is None:
            return {name: value for name, value in resource.items() if name != "contained"}
        items = []
        place: dict[str, Any] = {"resourceType": "Location", "id": _PLACE}
        for item in resource["participant"]:
            actor = item.get("actor") or {}
            if actor.get("reference") == reference:
                place |= _as_location(self._hospital(reference), str(actor.get("display") or ""))
                item = {**item, "actor": {**actor, "reference": f"#{_PLACE}"}}
            items.append(item)
        return {**resource, "contained": [place], "participant": items}


def _as_location(hospital: Hospital | None, display: str) -> dict[str, Any]:
    """Members of a FHIR Location; of a hospital that is not known any more, its name as sent."""
    if hospital is None:
        return {"name": display} if display else {}
    found: dict[str, Any] = {"name": hospital.name}
    if hospital.address:
        found["address"] = {"text": hospital.address}
    if point := hospital.location:
        found["position"] = {"longitude": point.longitude, "latitude": point.latitude}
    return found


def _read(raw: bytes) -> dict[str, Any]:
    resource = loads(raw)
    if not isinstance(resource, dict) or resource.get("resourceType") != KIND:
        raise _fault("/resourceType", "This is no Appointment.")
    # the id is given here (FHIR R4 §3.1.0.8)
    resource = {**resource, "id": "new"}
    wrong = faults(resource, "")
    if wrong:
        raise Unprocessable("The Appointment is not acceptable.", faults=wrong)
    for name in ("contained", "extension", "modifierExtension"):
        if name in resource:
            raise _fault(f"/{name}", f"{name} is not kept here.", "Leave it out.")
    return resource


def _identity(caller: Caller, key: str | None) -> str:
    """New; or the same for the same client, resident and key."""
    if not key:
        return uuid.uuid4().hex
    return uuid.uuid5(_KEYS, f"{caller.client}\n{caller.subject}\n{key}").hex


def _with_patient(items: Sequence[dict[str, Any]], patient: str) -> list[dict[str, Any]]:
    """The participants, the patient among them under the hospital's own id.

    Raises:
        Unprocessable: a patient is named otherwise than as ``Patient/me``.
    """
    others = []
    for position, item in enumerate(items):
        reference = str((item.get("actor") or {}).get("reference", ""))
        if reference == _ME:
            continue
        if "Patient/" in reference or reference.startswith("urn:"):
            where = f"/participant/{position}/actor/reference"
            raise _fault(where, "An app knows a patient as Patient/me only.")
        others.append(item)
    me = {"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}
    return [me, *others]


def _place(resource: Mapping[str, Any]) -> str | None:
    """The reference by which a participant says where."""
    for item in resource.get("participant") or ():
        reference = str((item.get("actor") or {}).get("reference", ""))
        if reference.startswith(("Location/", "Organization/")):
            return reference
    return None


def _fault(where: str, what: str, fix: str = "") -> Unprocessable:
    return Unprocessable("The Appointment is not acceptable.", faults=[Fault(where, what, fix)])
