"""The ``Link`` field that names a request's ``@context`` (RFC 8288; JSON-LD 1.1 §6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from services.broker.context.errors import BadRequestData

RELATION: Final = "http://www.w3.org/ns/json-ld#context"
_MOST: Final = 8_000

_LINK: Final = re.compile(
    r'\s*<(?P<target>[^<>]*)>(?P<parameters>(?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)\s*'
)
_PARAMETER: Final = re.compile(r';\s*([^\s=;,"]+)\s*=\s*(?:"([^"]*)"|([^\s;,"]*))')


def context_url(fields: Iterable[str]) -> str:
    """The URL of the context that the Link fields name; empty when they name none.

    Raises:
        BadRequestData: they cannot be read, or name several.
    """
    found = [url for field in fields for url, relations in _links(field) if RELATION in relations]
    if len(found) > 1:
        raise BadRequestData("The Link field names several contexts; name one that lists them.")
    if found and not found[0].strip():
        raise BadRequestData("The Link field names a context without a URL.")
    return found[0].strip() if found else ""


def _links(field: str) -> Iterable[tuple[str, list[str]]]:
    if len(field) > _MOST:
        raise BadRequestData(f"A Link field has at most {_MOST} characters.")
    start = 0
    while start < len(field):
        link = _LINK.match(field, start)
        if not link or field[link.end() : link.end() + 1] not in ("", ","):
            raise BadRequestData("The Link field cannot be read (RFC 8288 §3).")
        pairs = {
            name.lower(): quoted or plain
            for name, quoted, plain in reversed(_PARAMETER.findall(link["parameters"]))
        }
        yield link["target"], pairs.get("rel", "").split()
        start = link.end() + 1
