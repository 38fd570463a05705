"""What goes out over HTTP, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

DEFAULT_TIMEOUT: Final = 15.0
MOST_TIMEOUT: Final = 30.0

State = Literal["waiting", "delivered", "failed", "dropped"]


@dataclass(frozen=True, slots=True)
class Request:
    """What goes out over HTTP."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    timeout: float = DEFAULT_TIMEOUT
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try; nothing in it tells what was in the message.

    Attributes:
        at: seconds since the epoch.
        status: the answer's HTTP status; 0 when there was no answer.
        error: in words; empty after 2xx.
    """

    at: float
    status: int
    milliseconds: int
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"at": self.at, "status": self.status, "ms": self.milliseconds, "error": self.error}
