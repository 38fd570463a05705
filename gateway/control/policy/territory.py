"""What an API may call its own: names, public paths, scopes.

An API that somebody attaches lives under ``/apps/<name>/`` and names scopes ``<name>:…`` only, so
it can neither shadow the city's own paths nor ask for tokens that open other doors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NAME = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")

APPS: Final = "/apps"

_PLATFORM: Final = {
    "control": (
        (
            *("/oauth", "/.well-known", "/catalogue", "/control", "/audit", "/my", "/openapi.json"),
            *("/residents", "/staff", "/transparency", "/assets", "/developers", "/console", "/"),
        ),
        ("operator", "audit", "consents", "trail", "developer"),
    ),
    # the city's operators look after everybody's dead letters, so it names their scope too
    "broker": (("/ngsi-ld", "/events", "/schemas"), ("entities", "events", "operator")),
}

_DOMAINS: Final = (
    "administration",
    "disaster",
    "education",
    "evacuation",
    "logistics",
    "medical",
    "mobility",
    "payments",
)

RESERVED: Final = frozenset(
    [
        *_PLATFORM,
        *_DOMAINS,
        *(area for _, areas in _PLATFORM.values() for area in areas),
        *(prefix.strip("/") for prefixes, _ in _PLATFORM.values() for prefix in prefixes),
        *(
            "apps",
            "internal",
            "healthz",
            "readyz",
            "metrics",
            "gateway",
            "city",
            "admin",
            "preview",
        ),
        *("environment", "tourism", "energy", "client", "openid", "profile"),
    ]
)
"""Names that nobody from outside may take."""


@dataclass(frozen=True, slots=True)
class Territory:
    """What one API may name.

    Attributes:
        name: the API's name.
        internal: whether it is the city's own.
        mount: put before every path of the document, and removed before it goes upstream.
        prefixes: where its public paths must be; each is a whole path or a leading part of one.
        areas: the ``<area>`` of the scopes it may name.
    """

    name: str
    internal: bool
    mount: str
    prefixes: tuple[str, ...]
    areas: tuple[str, ...]

    def holds_path(self, path: str) -> bool:
        return any(path == prefix or path.startswith(prefix + "/") for prefix in self.prefixes)

    def holds_scope(self, scope: str) -> bool:
        return scope.partition(":")[0] in self.areas


def territory(name: str, *, internal: bool) -> Territory:
    if not internal:
        return Territory(name, False, f"{APPS}/{name}", (f"{APPS}/{name}",), (name,))
    prefixes, areas = _PLATFORM.get(name, ((f"/{name}",), (name,)))
    return Territory(name, True, "", prefixes, areas)


def check_name(name: str, *, internal: bool) -> None:
    """Raises:
    ValueError: not a usable name, or one that is kept for the city.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name: use 2 to 40 of a-z, 0-9 and -, beginning with a letter"
        )
    if not internal and name in RESERVED:
        raise ValueError(f"the name {name!r} is the city's own: choose another with --name")
