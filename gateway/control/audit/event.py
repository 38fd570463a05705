"""One audit event: who did what, to what, about whom, when, and with what outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

PLATFORM: Final = "platform"
"""The actor of what the control plane does by itself."""
RESIDENT: Final = "resident"
"""The actor of what a resident does on the platform's own pages."""

SECTOR: Final = "audit"
"""The sector under whose pseudonym the log knows a resident."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What happened.

    Attributes:
        at: milliseconds since the epoch.
        client: the client that did it; :data:`PLATFORM` for the control plane itself.
        action: ``<noun>.<verb>``, such as ``client.suspend``.
        target: what it was done to: a client id, an API's name, a key id, a grant id.
        subject: the resident whom it is about, as a pseudonym of the sector ``audit``; empty if
            nobody.
        detail: what else must be known; never personal data, for an entry is never removed.
        outcome: ``done``, or why it was refused.
    """

    at: int
    client: str
    action: str
    target: str = ""
    subject: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "done"

    def entry(self) -> bytes:
        """The leaf of the tree: JSON without spaces, members in the order of their names."""
        said = {
            "action": self.action,
            "at": self.at,
            "client": self.client,
            "detail": dict(self.detail),
            "outcome": self.outcome,
            "subject": self.subject,
            "target": self.target,
            "v": 1,
        }
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
