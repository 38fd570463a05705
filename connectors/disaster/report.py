"""What one document says, whichever standard it came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Kind = Literal["told", "cancel"]


@dataclass(frozen=True)
class Report:
    """One message about one danger.

    Attributes:
        status: ``actual``, or a word of :data:`schemas.disaster.Drill`.
        kind: ``told``: this is how it is now, replacing what was told before; ``cancel``: over.
        key: what makes this message the same message when it comes again.
        replaces: keys of what it follows: messages (CAP ``references``) or a series of messages
            (the telegrams of one JMA event).
        order: of two messages about one danger the one with the greater order is the later,
            whenever it arrives.
        ends: when it is over by its own words.
        stays: without ``ends``, how long after its arrival it counts; None: until it is lifted.
        about: whether ``told`` describes the danger; a bare cancellation does not.
        told: attributes of the alert entity.
        digest: of the document itself.
    """

    standard: str
    status: str
    kind: Kind
    key: str
    replaces: tuple[str, ...]
    order: str
    told: dict[str, Any] = field(default_factory=dict)
    ends: datetime | None = None
    stays: timedelta | None = None
    about: bool = True
    digest: bytes = b""
