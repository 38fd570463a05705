"""One audit event: who did what, to what, about whom, when, and with what outcome.

An event about nobody is hashed as it is. Of one about a resident only what is of no person is: who
did it, when, and what is ``kept``. The rest (whom it is about, ``target``, ``detail``) is a *sealed
part* of its own, of which the entry has the hash; the sealed part begins with random bytes, so the
hash alone tells nothing, and it is stored encrypted under a key of that resident
(:mod:`schemas.kit.envelope`). An auditor who is shown a sealed part can check that it is the very
one. When the resident's key is destroyed the part is gone, and the tree is as it was.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import orjson

PLATFORM: Final = "platform"
"""The actor of what the control plane does by itself."""
RESIDENT: Final = "resident"
"""The actor of what a resident does on the platform's own pages."""

SECTOR: Final = "audit"
"""The sector under whose pseudonym the log knows a resident."""

KEPT: Final = ("dataset", "purpose")
"""Of no person, and counted (:mod:`gateway.control.audit.uses`)."""


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
        detail: what else must be known. Of an event about nobody never personal data, for an entry
            is never removed.
        kept: of an event about a resident, what of it remains when that resident's data is erased;
            what ``detail`` has of :data:`KEPT`, unless given.
        outcome: ``done``, or why it was refused.
    """

    at: int
    client: str
    action: str
    target: str = ""
    subject: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "done"
    kept: Mapping[str, Any] = field(default_factory=dict)

    def entry(self, sealed: str | None = None) -> bytes:
        """The leaf of the tree: JSON without spaces, members in the order of their names.

        Args:
            sealed: hash of the sealed part, for an event about a resident; empty where nothing is
                kept of it, since it came after the resident's data was erased.
        """
        said = {"action": self.action, "at": self.at, "client": self.client}
        said |= {"outcome": self.outcome}
        if sealed is None:
            said |= {"detail": {**self.kept, **self.detail}, "subject": self.subject}
            said |= {"target": self.target, "v": 1}
        else:
            said |= {"kept": self.remaining(), "sealed": sealed, "v": 2}
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)

    def remaining(self) -> dict[str, Any]:
        """What can be read without any resident's key."""
        kept = {name: self.detail[name] for name in KEPT if name in self.detail}
        return dict(self.kept) or kept

    def sealed_part(self) -> bytes:
        """What is encrypted of an event about a resident; never twice the same."""
        said = {
            "detail": dict(self.detail),
            "salt": secrets.token_hex(16),
            "subject": self.subject,
            "target": self.target,
        }
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def seal_hash(part: bytes | str) -> str:
    """The hash that an entry has of its sealed part."""
    return sha256(part.encode() if isinstance(part, str) else part).hexdigest()
