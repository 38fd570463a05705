"""What time it is, replaceable in tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present as a time with a zone."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def seconds(clock: Clock) -> int:
    """The present in whole seconds since the epoch."""
    return int(clock().timestamp())
