"""Small FHIR documents for tests."""

from __future__ import annotations

import json
from typing import Any


def patient(identity: str = "p1", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": identity, "name": [{"family": "Doe"}], **more}


def observation(identity: str = "o1", about: str = "Patient/p1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": {"text": "Weight"},
        "subject": {"reference": about},
        **more,
    }


def bundle(*resources: dict[str, Any], kind: str = "collection") -> bytes:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}).encode()
