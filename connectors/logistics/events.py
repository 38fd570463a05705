"""An EPCIS event that has been checked."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Literal

import orjson

Role = Literal["epc", "child", "parent", "input", "output"]

FIELDS_OF_ROLE: Final[dict[Role, str]] = {
    "epc": "epcList",
    "child": "childEPCs",
    "parent": "parentID",
    "input": "inputEPCList",
    "output": "outputEPCList",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_NOT_CONTENT = ("eventID", "recordTime", "errorDeclaration", "@context")


def date_time(text: object) -> datetime:
    """An EPCIS ``DateTimeStamp``: RFC 3339 with an offset.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(text, str) or not _DATE_TIME.fullmatch(text):
        raise ValueError("must be a date and time with an offset, as 2026-04-01T09:00:00+09:00")
    moment = datetime.fromisoformat(text)
    if not 1900 <= moment.year <= 9000:
        raise ValueError("must be a year from 1900 to 9000")
    return moment


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z: how the tables keep times."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        body: as it was captured, with an ``eventID`` where it had none.
        context: what its document's ``@context`` says beyond GS1's own (namespace prefixes).
    """

    body: dict[str, Any]
    context: tuple[Any, ...] = ()

    @property
    def id(self) -> str:
        return str(self.body["eventID"])

    @property
    def type(self) -> str:
        return str(self.body["type"])

    @property
    def action(self) -> str | None:
        return self.body.get("action")

    @cached_property
    def time(self) -> datetime:
        return date_time(self.body["eventTime"])

    @property
    def declares_error(self) -> bool:
        """Whether it says that the event of this id was wrong (EPCIS 2.0 §7.4.1.2)."""
        return "errorDeclaration" in self.body

    @cached_property
    def fingerprint(self) -> bytes:
        return fingerprint(self.body)

    def things(self, role: Role) -> list[str]:
        found = self.body.get(FIELDS_OF_ROLE[role]) or []
        return [found] if isinstance(found, str) else list(found)

    @cached_property
    def roles(self) -> set[tuple[Role, str]]:
        return {(role, epc) for role in FIELDS_OF_ROLE for epc in self.things(role)}

    def place(self, field: Literal["readPoint", "bizLocation"]) -> str | None:
        found = self.body.get(field)
        return found["id"] if found else None


def fingerprint(body: dict[str, Any]) -> bytes:
    """Equal for two tellings of one event: neither its id nor its recording is part of it."""
    content = {name: value for name, value in body.items() if name not in _NOT_CONTENT}
    content["eventTime"] = date_time(body["eventTime"]).astimezone(UTC).isoformat()
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def hash_id(body: dict[str, Any]) -> str:
    """The id of an event that brought none: RFC 6920 ``ni`` URI of its content.

    Sending the event again gives the same id. It is not the CBV 2.0 event hash, whose form
    (hexadecimal, ``?ver=CBV2.0``) is left to those who compute it.
    """
    return f"ni:///sha-256;{urlsafe_b64encode(fingerprint(body)).rstrip(b'=').decode()}"
