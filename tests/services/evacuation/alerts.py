"""Alert events as the disaster domain tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.cloudevents import CloudEvent

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
ALERT_ID = "urn:ngsi-ld:Alert:mirai:flood-1"


def alert_data(**told: Any) -> dict[str, Any]:
    """Data of an alert event; ``None`` leaves a member out."""
    ring = [[139.87, 36.54], [139.89, 36.54], [139.89, 36.56], [139.87, 36.56], [139.87, 36.54]]
    data = {
        "id": ALERT_ID,
        "sender": "bousai@mirai.example",
        "identifier": "flood-1",
        "sent": "2026-11-24T05:59:00Z",
        "alertSource": "CAP 1.2",
        "status": "actual",
        "category": "met",
        "event": "Flood warning",
        "severity": "severe",
        "urgency": "immediate",
        "certainty": "likely",
        "headline": "きぬがわの氾濫",
        "expires": "2026-11-24T12:00:00Z",
        "areas": [
            {"name": "中央区", "geometry": {"type": "Polygon", "coordinates": [ring]}},
        ],
        **told,
    }
    return {name: value for name, value in data.items() if value is not None}


def alert_event(verb: str = "issued", identity: str = "e1", **told: Any) -> CloudEvent:
    return CloudEvent(
        id=identity,
        source="urn:supercity:disaster",
        type=f"city.disaster.alert.{verb}",
        subject=told.get("id", ALERT_ID),
        time=NOW,
        data=alert_data(**told),
    )
