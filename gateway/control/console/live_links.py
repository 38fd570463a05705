"""Where in the console something can be done about a finding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.control.pages.wide import Link

PLACES: Final = {
    "addresses-out": "/console/apis",
    "circuit-open": "/console/apis",
    "dead-letters": "/console/dead-letters",
    "document": "/console/apis",
    "emergency": "/console/emergency",
    "emergency-partly": "/console/gateways",
    "errors": "/console/apis",
    "group-lag": "/console/clients",
    "latency": "/console/apis",
    "loop-lag": "/console/gateways",
    "notices-behind": "/console/notices",
    "policy-age": "/console/gateways",
    "quota": "/console/clients",
    "shedding-essential": "/console/emergency",
    "trail-broken": "/console/gateways",
}
"""Rule → page."""


def place(rule: str, navigation: Iterable[Link]) -> Link | None:
    """The page to go to from a rule's finding; None where the console has none."""
    return next((link for link in navigation if link.path == PLACES.get(rule)), None)
