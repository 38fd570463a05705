"""Calls to copy: a request to an operation as a line for a shell."""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

from schemas.policy import Route

_PARAMETER = re.compile(r"\{([^}]+)\}")


def curl(public_url: str, route: Route, query: str = "", body: str = "") -> str:
    """The request with curl: ``$TOKEN`` where it needs one, in capitals what is to be filled in.

    Args:
        query: begins with ``?``.
        body: JSON; left out when empty.
    """
    path = _PARAMETER.sub(lambda found: found[1].upper(), route["path"])
    parts = ["curl", "-s"]
    if route["method"] != "GET":
        parts += ["-X", route["method"]]
    if route["access"] != "open":
        parts += ["-H", '"Authorization: Bearer $TOKEN"']
    if body:
        parts += ["-H", '"Content-Type: application/json"', "-d", shlex.quote(body)]
    return " ".join([*parts, shlex.quote(public_url + path + query)])


def reference(api: str, route_id: str) -> str:
    """Where an operation is explained."""
    operation = route_id.partition(".")[2]
    return f"/developers/apis/{quote(api)}/operations/{quote(operation, safe='')}"
