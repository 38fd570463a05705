"""An entity of the city's own of one FIWARE Smart Data Model for each domain.

The models are published at smartdatamodels.org; what is said here is made up, in their shape:
the same attributes and the same kinds of value (JSON-LD's typed values, FHIR's nested objects,
several instances, places, links) as in their own examples.
"""

from __future__ import annotations

from typing import Any, Final

Entity = dict[str, Any]


def _value(value: Any, **more: Any) -> Entity:
    return {"type": "Property", "value": value, **more}


def _moment(text: str) -> Entity:
    return _value({"@type": "DateTime", "@value": text})


def _link(*targets: str) -> Entity:
    return {"type": "Relationship", "object": targets[0] if len(targets) == 1 else list(targets)}


def _at(longitude: float, latitude: float) -> Entity:
    point = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "GeoProperty", "value": point}


ADMINISTRATION: Final[Entity] = {  # dataModel.IssueTracking, after Open311
    "id": "urn:ngsi-ld:Open311ServiceRequest:mirai:2026-118",
    "type": "Open311ServiceRequest",
    "service_code": _value("041"),
    "service_name": _value("道路の破損"),
    "description": _value("歩道の段差で車椅子が通れません。"),
    "attributes": _value({"ISSUE_TYPE": ["Kerb", "Pavement"]}),
    "status": _value("open"),
    "requested_datetime": _moment("2026-04-14T06:37:38+09:00"),
    "location": _at(139.8812, 36.5534),
}

MOBILITY: Final[Entity] = {  # dataModel.UrbanMobility
    "id": "urn:ngsi-ld:ArrivalEstimation:mirai:L5_Stop74",
    "type": "ArrivalEstimation",
    "hasStop": _link("urn:ngsi-ld:GtfsStop:mirai:74", "urn:ngsi-ld:GtfsStop:mirai:75"),
    "hasTrip": _link("urn:ngsi-ld:GtfsTrip:mirai:5C1"),
    "headSign": _value("みらい駅"),
    "remainingDistance": _value(1200, unitCode="MTR"),
    "remainingTime": _value("PT8M5S", observedAt="2026-04-14T06:37:38Z"),
}

LOGISTICS: Final[Entity] = {  # dataModel.Transportation
    "id": "urn:ngsi-ld:FleetVehicleOperation:mirai:8e876a60",
    "type": "FleetVehicleOperation",
    "operationType": _value("Goods delivery"),
    "fleetVehicle": _link("urn:ngsi-ld:FleetVehicle:mirai:truck-3"),
    "startedAt": _moment("2026-08-22T10:18:16Z"),
    "transportTime": _value(1220, unitCode="SEC", observedAt="2026-08-22T10:18:16Z"),
    "initiatingLocation": _at(139.9, 36.5),
    "result": _value("Completed"),
}

MEDICAL: Final[Entity] = {  # dataModel.Hl7, after FHIR
    "id": "urn:ngsi-ld:Immunization:mirai:1",
    "type": "Immunization",
    "status": _value("completed"),
    "identifier": _value([{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.392.100495.20"}]),
    "vaccineCode": _value(
        {"coding": [{"system": "urn:oid:1.2.392", "code": "FLU"}], "text": "流感"}
    ),
    "occurrenceDateTime": _moment("2026-01-10"),
    "primarySource": _value(True),
    "doseQuantity": _value({"value": 0.5, "system": "http://unitsofmeasure.org", "code": "mL"}),
    "performer": _value(
        [{"function": {"coding": [{"code": "AP"}]}, "actor": {"reference": "a/1"}}]
    ),
}

EDUCATION: Final[Entity] = {  # dataModel.PointOfInterest: a school
    "id": "urn:ngsi-ld:PointOfInterest:mirai:school-7",
    "type": "PointOfInterest",
    "name": _value("みらい市立中央小学校"),
    "category": _value(["436"]),
    "address": _value({"addressCountry": "JP", "addressLocality": "みらい市"}),
    "refSeeAlso": _value(["urn:ngsi-ld:SeeAlso:mirai:school-8"]),
    "location": _at(139.8768460000000001, 36.60214472222222),
    "zoneId": _value(""),
}

PAYMENTS: Final[Entity] = {  # dataModel.Transportation
    "id": "urn:ngsi-ld:FareCollectionSystem:mirai:34513580",
    "type": "FareCollectionSystem",
    "transactionType": _value("Issue"),
    "transactionDateTime": _moment("2026-08-20T15:45:22Z"),
    "fareForAdult": _value(210, unitCode="JPY"),
    "fareForChild": _value(105.5),
    "currentTripCount": _value(0),
    "trip_id": _value("4A"),
    # as in the model's own example: a place that is not said to be one
    "location": _value({"type": "Point", "coordinates": [43.7034, 7.2663]}),
    "owner": _value(["urn:ngsi-ld:FareCollectionSystem:items:1"]),
}

DISASTER: Final[Entity] = {  # dataModel.Alert
    "id": "urn:ngsi-ld:Alert:mirai:flood-1",
    "type": "Alert",
    "category": _value("naturalDisaster"),
    "subCategory": _value("flood"),
    "severity": _value("critical"),
    "dateIssued": _moment("2026-09-02T09:25:55.00Z"),
    "validTo": _moment("2026-09-03T09:25:55.00Z"),
    "alertSource": _value("https://example.org/river-office"),
    "location": {
        "type": "GeoProperty",
        "value": {
            "type": "Polygon",
            "coordinates": [[[139.8, 36.5], [139.9, 36.5], [139.9, 36.6], [139.8, 36.5]]],
        },
    },
    "data": _value({"waterLevel": 4.25, "stations": [1, 2, None]}),
}

BY_DOMAIN: Final = {
    "administration": ADMINISTRATION,
    "mobility": MOBILITY,
    "logistics": LOGISTICS,
    "medical": MEDICAL,
    "education": EDUCATION,
    "payments": PAYMENTS,
    "disaster": DISASTER,
}
