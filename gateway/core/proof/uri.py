"""Whether two spellings name the same target (RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_ESCAPE: Final = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 8_500


def normal(uri: str) -> str:
    """``uri`` without query and fragment, in the one spelling that is compared.

    Raises:
        ValueError: it is no absolute http URL, names a user, or has dot segments.
    """
    if len(uri) > _LONGEST or not uri.isascii() or not uri.isprintable():
        raise ValueError("not a URL, or too long")
    parts = urlsplit(uri)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError("not an absolute http URL without a user")
    path = _ESCAPE.sub(_decoded, parts.path) or "/"
    if {".", ".."} & set(path.split("/")):
        raise ValueError("dot segments")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port or _PORTS[parts.scheme]
    return f"{parts.scheme}://{host}:{port}{path}"


def _decoded(found: re.Match[str]) -> str:
    """An escape of what need not be escaped as itself, any other in upper case."""
    char = chr(int(found[1], 16))
    return char if _UNRESERVED.fullmatch(char) else found[0].upper()
