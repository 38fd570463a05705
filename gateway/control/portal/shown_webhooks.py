"""Webhooks and their deliveries as the events API tells of them, for a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from gateway.control.usage.api import CITY

HOOK_TONES: Final = {"pending": "warn", "active": "good", "disabled": "still", "suspended": "bad"}
_TONES: Final = {"waiting": "warn", "delivered": "good", "failed": "bad", "dropped": "still"}
STATES: Final = tuple(_TONES)
_MOST_SHOWN: Final = 65_536
"""Characters of a payload."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message in the log.

    Attributes:
        status, ms: of its last try; empty before the first.
    """

    id: str
    type: str
    state: str
    tone: str
    created: str
    tries: int
    status: str
    ms: str
    next_try: str
    may_go_again: bool


def delivery(said: Mapping[str, Any], texts: Mapping[str, str]) -> Delivery:
    last = said["attempts"][-1] if said["attempts"] else None
    return Delivery(
        id=said["messageId"],
        type=said["type"],
        state=said["state"],
        tone=_TONES.get(said["state"], "still"),
        created=moment(said["created"]),
        tries=said["tries"],
        status=_status(last, texts) if last else "",
        ms=texts["ms"].format(n=last["ms"]) if last else "",
        next_try=moment(said.get("nextTry")),
        may_go_again=said["state"] != "waiting",
    )


def attempts(said: Mapping[str, Any], texts: Mapping[str, str]) -> list[dict[str, str]]:
    """The tries of a message, the first first."""
    return [
        {
            "at": moment(one["at"]),
            "status": _status(one, texts),
            "ms": texts["ms"].format(n=one["ms"]),
            "error": one.get("error", ""),
            "tone": "bad" if one.get("error") else "good",
        }
        for one in said["attempts"]
    ]


def payload(said: Mapping[str, Any]) -> str:
    """The event, indented; empty if it cannot be had."""
    if said.get("event") is None:
        return ""
    return orjson.dumps(said["event"], option=orjson.OPT_INDENT_2).decode()[:_MOST_SHOWN]


def moment(text: str | None) -> str:
    """A moment of RFC 3339 in the city's time; empty for none."""
    if not text:
        return ""
    return f"{datetime.fromisoformat(text).astimezone(CITY):%Y-%m-%d %H:%M:%S}"


def _status(attempt: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    return str(attempt["status"]) if attempt["status"] else texts["no_answer"]
