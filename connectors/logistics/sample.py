"""Mirai City's deliveries: every ten minutes a parcel leaves the distribution centre for a locker.

A parcel (SSCC) is packed with two items, driven past the hub, delivered to a locker or shop, and
unpacked there. What has happened by a moment depends on that moment alone, so the same document is
made wherever and however often it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import orjson

from connectors.logistics.epcis import CONTEXT

_CITY: Final = ZoneInfo("Asia/Tokyo")
_PREFIX: Final = "0999990"  # GS1 company prefix of nobody
_EVERY: Final = timedelta(minutes=10)
_BACK: Final = timedelta(hours=2)  # how far back a fresh city has a history

_PLACES: Final = (
    ("00001", "Mirai Distribution Centre みらい物流センター", 36.5312, 139.9025),
    ("00002", "Central Hub 中央ハブ", 36.5498, 139.8811),
    ("00011", "Mirai Station Locker みらい駅ロッカー", 36.5551, 139.8798),
    ("00012", "City Hospital Reception 市立病院受付", 36.5603, 139.8712),
    ("00013", "Riverside Shop 川辺商店", 36.5447, 139.8893),
    ("00014", "North School 北小学校", 36.5672, 139.8846),
    ("00015", "Town Hall Locker 市役所ロッカー", 36.5529, 139.8765),
)
_CENTRE, _HUB, *_DESTINATIONS = (f"urn:epc:id:sgln:{_PREFIX}.{place[0]}.0" for place in _PLACES)


def document(now: datetime) -> bytes:
    """The EPCIS document of what has happened in the last hours."""
    first = int((now - _BACK).timestamp() // _EVERY.total_seconds())
    last = int(now.timestamp() // _EVERY.total_seconds())
    events = [event for number in range(first, last + 1) for event in _delivery(number, now)]
    body = {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": (max(_when(e) for e in events) if events else now).isoformat(),
        "epcisHeader": {"epcisMasterData": {"vocabularyList": [_master_data()]}},
        "epcisBody": {"eventList": events},
    }
    return orjson.dumps(body)


def _when(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["eventTime"])


def _master_data() -> dict[str, Any]:
    def attribute(name: str, value: object) -> dict[str, str]:
        return {"id": f"urn:epcglobal:cbv:mda:{name}", "attribute": str(value)}

    return {
        "type": "urn:epcglobal:epcis:vtype:BusinessLocation",
        "vocabularyElementList": [
            {
                "id": f"urn:epc:id:sgln:{_PREFIX}.{reference}.0",
                "attributes": [
                    attribute("name", name),
                    attribute("latitude", latitude),
                    attribute("longitude", longitude),
                ],
            }
            for reference, name, latitude, longitude in _PLACES
        ],
    }


def _delivery(number: int, now: datetime) -> Iterator[dict[str, Any]]:
    """What has happened by ``now`` to the parcel of one ten-minute slot since 1970."""
    start = datetime.fromtimestamp(number * _EVERY.total_seconds(), UTC)
    parcel = f"urn:epc:id:sscc:{_PREFIX}.{number:010d}"
    items = [f"urn:epc:id:sgtin:{_PREFIX}.{10 + i:06d}.{number}" for i in range(2)]
    goal = _DESTINATIONS[number % len(_DESTINATIONS)]
    pack = {"type": "AggregationEvent", "parentID": parcel, "childEPCs": items}
    move = {"type": "ObjectEvent", "action": "OBSERVE", "epcList": [parcel]}
    steps: tuple[tuple[int, dict[str, Any], str, str, str], ...] = (
        (0, {**pack, "action": "ADD"}, "packing", "in_progress", _CENTRE),
        (4, move, "shipping", "in_transit", _CENTRE),
        (13, move, "arriving", "in_transit", _HUB),
        (16, move, "departing", "in_transit", _HUB),
        (24 + number % 7, move, "receiving", "in_progress", goal),
        (40 + number % 5, {**pack, "action": "DELETE"}, "unpacking", "in_progress", goal),
    )
    for minutes, what, step, disposition, place in steps:
        at = start + timedelta(minutes=minutes)
        if at <= now:
            yield {
                "eventID": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{parcel}/{step}')}",
                "eventTime": at.astimezone(_CITY).isoformat(timespec="milliseconds"),
                "eventTimeZoneOffset": "+09:00",
                **what,
                "bizStep": step,
                "disposition": disposition,
                "readPoint": {"id": place},
                "bizLocation": {"id": place},
            }
