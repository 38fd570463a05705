"""Where to go after signing in: to a page of this site, and nowhere else (open redirects)."""

from __future__ import annotations

import re
from typing import Final

ROOMS: Final = ("/console", "/developers")
_LOCAL: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+/?(\?[A-Za-z0-9._~%&=+:,/*-]*)?")


def local(given: str, otherwise: str) -> str:
    """``given`` if it is a plain path of the console's or the portal's, else ``otherwise``."""
    path = given.partition("?")[0]
    ours = any(path == room or path.startswith(room + "/") for room in ROOMS)
    plain = len(given) <= 500 and _LOCAL.fullmatch(given) and ".." not in path.split("/")
    return given if ours and plain else otherwise
