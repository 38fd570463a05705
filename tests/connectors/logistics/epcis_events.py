"""EPCIS events, made to measure: ``at`` is minutes after nine o'clock."""

from __future__ import annotations

from typing import Any

import orjson

PALLET = "urn:epc:id:sscc:0614141.1234567890"
TRUCK = "urn:epc:id:grai:0614141.12345.400"
ITEM, OTHER = (f"urn:epc:id:sgtin:0614141.107346.{n}" for n in (1, 2))


def place(number: int) -> str:
    return f"urn:epc:id:sgln:0614141.{number:05d}.0"


def event(type_: str, at: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": type_,
        "eventTime": f"2026-04-01T09:{at:02d}:00+09:00",
        "eventTimeZoneOffset": "+09:00",
        **fields,
    }


def seen(at: int, where: int, *epcs: str, **more: Any) -> dict[str, Any]:
    found = {"action": "OBSERVE", "epcList": list(epcs), "readPoint": {"id": place(where)}}
    return event("ObjectEvent", at, **{**found, **more})


def packed(at: int, parent: str, *children: str, action: str = "ADD") -> dict[str, Any]:
    fields: dict[str, Any] = {"action": action, "parentID": parent}
    if children:
        fields["childEPCs"] = list(children)
    return event("AggregationEvent", at, **fields)


def document(*events: Any, **more: Any) -> bytes:
    return orjson.dumps(
        {
            "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": "2026-04-01T00:00:00Z",
            "epcisBody": {"eventList": list(events)},
            **more,
        }
    )
