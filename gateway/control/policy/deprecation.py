"""What a document announces of an operation that is to go."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from gateway.control.policy.document import Json
from gateway.control.policy.findings import Findings, pointer
from gateway.control.policy.snapshot import ZONE
from schemas.policy import Deprecation
from schemas.xcity import KEY, OperationInfo


def deprecation_of(
    operation: Json, info: OperationInfo, where: tuple[object, ...], findings: Findings
) -> Deprecation | None:
    """What callers are told of an operation with OpenAPI's ``deprecated``; None of any other."""
    if operation.get("deprecated") is not True:
        if info.deprecated or info.sunset:
            findings.add(
                pointer(*where, KEY),
                "It has a date of going, and is not deprecated.",
                "Say deprecated: true in the operation too.",
            )
        return None
    if info.deprecated and info.sunset and info.sunset < info.deprecated:
        findings.add(pointer(*where, KEY, "sunset"), "It is before x-city.deprecated.")
    found = Deprecation(since=_begin(info.deprecated) if info.deprecated else 0)
    if info.sunset:
        found["sunset"] = _begin(info.sunset)
    return found


def _begin(day: date) -> int:
    """Of a day in the city, in seconds since the epoch."""
    return int(datetime.combine(day, time(), ZoneInfo(ZONE)).timestamp())
