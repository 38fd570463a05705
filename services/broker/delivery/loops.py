"""Two brokers that are subscribed to each other do not loop.

Each broker has an id, kept in its store. What goes out says which brokers it has passed: events in
the extension attribute ``cityvia``, which stays with them on every log; notifications in ``Via``
(RFC 9110 §7.6.3, as NGSI-LD has it for distributed operations). A broker that finds itself in there
has said it already.
"""

from __future__ import annotations

import re
from typing import Any, Final

VIA: Final = "via"
"""The header field."""

CITY_VIA: Final = "cityvia"
"""The CloudEvents extension attribute: ids of brokers, oldest first, separated by spaces."""

MOST_HOPS: Final = 10
"""Further than this an event is not passed on: no honest way is as long."""

_RECEIVED_BY: Final = re.compile(r"(?:^|,)\s*(?:[A-Za-z]+/)?[0-9.]+\s+([^\s,()]+)")


def passed(attributes: dict[str, Any]) -> list[str]:
    """The brokers that an event has passed, by its attributes."""
    found = attributes.get(CITY_VIA)
    return found.split() if isinstance(found, str) else []


def is_back(attributes: dict[str, Any], broker: str) -> bool:
    """Whether an event has been here before."""
    return broker in passed(attributes)


def onward(attributes: dict[str, Any], broker: str) -> str | None:
    """``cityvia`` of an event that leaves this broker; None when it has passed too many."""
    hops = passed(attributes)
    return " ".join((*hops, broker)) if len(hops) < MOST_HOPS else None


def via(received: str, broker: str) -> str:
    """The ``Via`` field of a message that goes out because of one that had ``received``."""
    own = f"1.1 {broker}"
    return f"{received}, {own}" if received else own


def is_looping(received: str, broker: str) -> bool:
    """Whether a request with this ``Via`` field has been here before."""
    return broker in _RECEIVED_BY.findall(received)
