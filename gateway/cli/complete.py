"""What a shell can complete: fixed words, and names that the running city tells.

The city is asked for a second at most; whatever is wrong, nothing is completed and nothing is said.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Final

from gateway.cli.operator import Operator
from gateway.settings import Settings
from schemas import scopes as platform

_PATIENCE: Final = 1.0  # seconds

Completer = Callable[[str], list[tuple[str, str]]]
"""The beginning of a word; the words that begin so, each with what it is."""


def _fixed(*words: str) -> Completer:
    return lambda incomplete: [(word, "") for word in words if word.startswith(incomplete)]


def _asked(path: str, read: Callable[[Any], Iterable[tuple[str, str]]]) -> Completer:
    def complete(incomplete: str) -> list[tuple[str, str]]:
        try:
            settings = Settings.from_environ(os.environ)
            with Operator.from_settings(settings, timeout=_PATIENCE) as city:
                found = sorted(set(read(city.call("GET", path))))
        except Exception:  # a completion never shows an error
            return []
        return [one for one in found if one[0].startswith(incomplete)]

    return complete


levels: Final = _fixed("elevated", "severe", "critical")
roles: Final = _fixed("operator", "auditor", "data-holder", "developer")
classes: Final = _fixed("partner", "service", "data-holder", "operator")
sectors: Final = _fixed(
    "administration", "education", "logistics", "medical", "mobility", "payments"
)

clients: Final = _asked(
    "/control/v1/clients", lambda found: ((one["client_id"], one["client_name"]) for one in found)
)
apis: Final = _asked(
    "/control/v1/apis", lambda found: ((one["name"], one["state"]) for one in found)
)
routes: Final = _asked(
    "/control/v1/apis",
    lambda found: (
        (route["id"], f"{route['method']} {route['path']}")
        for one in found
        for route in one["routes"]
    ),
)
datasets: Final = _asked(
    "/catalogue/v1/datasets", lambda found: ((one["id"], one["title"]) for one in found)
)
staff: Final = _asked(
    "/control/v1/staff", lambda found: ((one["staffId"], one["username"]) for one in found)
)
workers: Final = _asked(
    "/control/v1/gateways",
    lambda found: ((one["worker"], one["address"]) for some in found for one in some["workers"]),
)
_scopes_of_apis: Final = _asked(
    "/catalogue/v1/apis",
    lambda found: ((scope, one["title"]) for one in found for scope in one["scopes"]),
)


def scopes(incomplete: str) -> list[tuple[str, str]]:
    """The platform's, and those of the attached APIs."""
    own = [one for one in platform.DESCRIPTIONS.items() if one[0].startswith(incomplete)]
    known = {scope for scope, _ in own}
    return own + [one for one in _scopes_of_apis(incomplete) if one[0] not in known]
