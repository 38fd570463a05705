"""Mirai City's hospitals, living, and the records of its sample residents; in FHIR R4."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from connectors.medical.elements import TRANSLATION
from connectors.medical.hospitals import EMERGENCY_CATEGORY, MEASURED_VALUES, SNOMED

_ZONE: Final = ZoneInfo("Asia/Tokyo")
_STEP: Final = timedelta(minutes=5)
_ORGANISATION_TYPE: Final = "http://terminology.hl7.org/CodeSystem/organization-type"
_HERE: Final = Path(__file__).parent / "sample"


@dataclass(frozen=True, slots=True)
class _Sample:
    id: str
    name: str
    name_en: str
    latitude: float
    longitude: float
    address: str
    beds: int
    icu: int
    emergency: bool
    departments: tuple[str, ...]


_SPECIALTIES: Final = {
    "内科": ("419192003", "Internal medicine"),
    "外科": ("394609007", "General surgery"),
    "小児科": ("394537008", "Pediatric specialty"),
    "整形外科": ("394801008", "Trauma and orthopedics"),
    "産婦人科": ("394585009", "Obstetrics and gynecology"),
    "循環器内科": ("394579002", "Cardiology"),
    "脳神経外科": ("394610002", "Neurosurgery"),
    "皮膚科": ("394582007", "Dermatology"),
    "精神科": ("394587001", "Psychiatry"),
    "救急科": ("773568002", "Emergency medicine"),
}
_ALL: Final = tuple(_SPECIALTIES)

_HOSPITALS: Final = (
    _Sample(
        "mirai-general", "みらい市立総合病院", "Mirai City General Hospital",
        36.5552, 139.8826, "みらい市中央一丁目1番1号", 420, 16, True, _ALL,
    ),
    _Sample(
        "mirai-redcross", "みらい中央病院", "Mirai Central Hospital",
        36.5484, 139.8921, "みらい市駅東二丁目4番8号", 280, 10, True,
        ("内科", "外科", "循環器内科", "脳神経外科", "救急科"),
    ),
    _Sample(
        "kita-hospital", "北みらい病院", "Kita-Mirai Hospital",
        36.5743, 139.8769, "みらい市北町三丁目12番5号", 150, 4, True,
        ("内科", "外科", "整形外科", "小児科"),
    ),
    _Sample(
        "minami-hospital", "みなみ記念病院", "Minami Memorial Hospital",
        36.5297, 139.8848, "みらい市南五丁目2番30号", 120, 4, True,
        ("内科", "産婦人科", "小児科", "整形外科"),
    ),
    _Sample(
        "kawa-rehab", "川辺リハビリテーション病院", "Kawabe Rehabilitation Hospital",
        36.5418, 139.8612, "みらい市川辺町88番地", 90, 0, False, ("内科", "整形外科"),
    ),
    _Sample(
        "yama-clinic", "山手こどもクリニック", "Yamate Children's Clinic",
        36.5631, 139.9044, "みらい市山手一丁目7番2号", 0, 0, False, ("小児科",),
    ),
    _Sample(
        "eki-clinic", "駅前内科皮膚科医院", "Ekimae Internal Medicine and Dermatology",
        36.5509, 139.8857, "みらい市駅西一丁目3番1号", 0, 0, False, ("内科", "皮膚科"),
    ),
    _Sample(
        "mori-hospital", "森の里こころの病院", "Morinosato Hospital for Mental Health",
        36.5866, 139.8998, "みらい市森の里400番地", 110, 0, False, ("精神科", "内科"),
    ),
)  # fmt: skip


def organizations(now: datetime) -> bytes:
    """The feed ``organizations`` at a moment: beds fill by day and empty by night."""
    moment = _floor(now.astimezone(_ZONE))
    resources = [part for one in _HOSPITALS for part in _resources(one, moment)]
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": moment.isoformat(),
        "entry": [{"resource": resource} for resource in resources],
    }
    return orjson.dumps(bundle)


@cache
def records() -> bytes:
    """The records of the sample residents Hana, Taro and Kenji: a transaction Bundle."""
    return (_HERE / "records.json").read_bytes()


def _floor(moment: datetime) -> datetime:
    return moment - (moment - datetime(2026, 1, 1, tzinfo=_ZONE)) % _STEP


def _resources(one: _Sample, moment: datetime) -> list[dict[str, Any]]:
    services = [_service(one, moment, emergency=False)]
    if one.emergency:
        services.append(_service(one, moment, emergency=True))
    reports = [_report(one, moment)] if one.beds else []
    return [_organisation(one), _location(one), *services, *reports]


def _organisation(one: _Sample) -> dict[str, Any]:
    words = [{"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": one.name_en}]
    return {
        "resourceType": "Organization",
        "id": one.id,
        "active": True,
        "type": [{"coding": [{"system": _ORGANISATION_TYPE, "code": "prov"}]}],
        "name": one.name,
        "_name": {"extension": [{"url": TRANSLATION, "extension": words}]},
        "telecom": [{"system": "phone", "value": f"028-000-{1000 + _seed(one) % 9000}"}],
    }


def _location(one: _Sample) -> dict[str, Any]:
    return {
        "resourceType": "Location",
        "id": one.id,
        "status": "active",
        "name": one.name,
        "address": {"text": one.address, "city": "みらい市", "country": "JP"},
        "position": {"latitude": one.latitude, "longitude": one.longitude},
        "managingOrganization": {"reference": f"Organization/{one.id}"},
    }


def _service(one: _Sample, moment: datetime, *, emergency: bool) -> dict[str, Any]:
    service: dict[str, Any] = {
        "resourceType": "HealthcareService",
        "id": f"{one.id}-{'emergency' if emergency else 'outpatient'}",
        "active": True,
        "providedBy": {"reference": f"Organization/{one.id}"},
        "location": [{"reference": f"Location/{one.id}"}],
    }
    if emergency:
        system, code = EMERGENCY_CATEGORY
        display = "Emergency Department"
        service["category"] = [{"coding": [{"system": system, "code": code, "display": display}]}]
        service["active"] = _free(one, moment) > 0.08
    else:
        service["specialty"] = [_specialty(name) for name in one.departments]
    return service


def _specialty(name: str) -> dict[str, Any]:
    code, display = _SPECIALTIES[name]
    return {"coding": [{"system": SNOMED, "code": code, "display": display}], "text": name}


def _report(one: _Sample, moment: datetime) -> dict[str, Any]:
    free = _free(one, moment)
    counts = {"numTotBeds": one.beds, "numTotBedsAvail": round(one.beds * free)}
    if one.icu:
        counts |= {"numICUBeds": one.icu, "numICUBedsAvail": round(one.icu * free)}
    day = moment.date().isoformat()
    return {
        "resourceType": "MeasureReport",
        "id": f"{one.id}-beds",
        "status": "complete",
        "type": "summary",
        "measure": "http://hl7.org/fhir/uv/saner/Measure/ComputableCDCPatientImpactAndHospitalCapacity",
        "date": moment.isoformat(),
        "reporter": {"reference": f"Organization/{one.id}"},
        "period": {"start": day, "end": day},
        "group": [{"population": [_population(*pair) for pair in counts.items()]}],
    }


def _population(code: str, count: int) -> dict[str, Any]:
    return {"code": {"coding": [{"system": MEASURED_VALUES, "code": code}]}, "count": count}


def _free(one: _Sample, moment: datetime) -> float:
    """Share of beds that are free: between 2 % and 34 %, each hospital with its own rhythm."""
    hours = (moment - datetime(2026, 1, 1, tzinfo=_ZONE)) / timedelta(hours=1)
    phase = _seed(one) / 97
    daily = math.sin(2 * math.pi * hours / 24 + phase)
    slow = math.sin(2 * math.pi * hours / 61 + 3 * phase)
    return 0.18 + 0.10 * daily + 0.06 * slow


def _seed(one: _Sample) -> int:
    return sum(one.id.encode())
