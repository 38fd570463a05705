"""Alerts and drills as entities and events: the one place where it is decided which it is."""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from typing import Any

from connectors.disaster.report import Report
from schemas.cloudevents import CloudEvent, event
from schemas.disaster import Alert, AlertChanged, DrillAlert, DrillChanged
from schemas.ngsild import urn

AnyAlert = Alert | DrillAlert

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_ACTUAL = "actual"


def _model(status: str) -> type[Alert] | type[DrillAlert]:
    return Alert if status == _ACTUAL else DrillAlert


def new_id(report: Report) -> str:
    """Readable, safe in a URL, and the same whenever the same message comes first."""
    readable = _UNSAFE.sub("-", str(report.told["identifier"])).strip("-")[:80]
    mark = sha256(f"{report.status}|{report.key}".encode()).hexdigest()[:12]
    kind = _model(report.status).entity_type
    return urn(kind, f"{readable}-{mark}" if readable else mark)


def build(values: dict[str, Any]) -> AnyAlert:
    """An alert or a drill, by ``status``."""
    return _model(values["status"])(**values)


def as_body(alert: AnyAlert) -> bytes:
    """As it is kept."""
    return alert.model_dump_json(exclude_none=True).encode()


def from_body(status: str, body: bytes) -> AnyAlert:
    """What :func:`as_body` made."""
    return _model(status).model_validate_json(body)


def changed(alert: AnyAlert, verb: str, *, source: str, time: datetime, key: str) -> CloudEvent:
    """The event of a change; ``key`` is the message's that made it."""
    data: AlertChanged | DrillChanged
    if isinstance(alert, Alert):
        noun, data = "alert", AlertChanged(**dict(alert))
    else:
        noun, data = "drill", DrillChanged(**dict(alert))
    return event(
        f"city.disaster.{noun}.{verb}",
        data,
        source=source,
        subject=alert.id,
        time=time,
        key=f"{alert.id}|{key}",
    )
