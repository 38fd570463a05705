"""``Link`` fields (RFC 8288), by which a request names its ``@context`` (JSON-LD 1.1 §6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.broker.context.errors import BadRequestData

CONTEXT: Final = "http://www.w3.org/ns/json-ld#context"
_MOST: Final = 8_000
_LINK: Final = re.compile(r"\s*<([^<>]*)>\s*")
_PARAMETER: Final = re.compile(r';\s*([^\s=;,"]+)\s*(?:=\s*(?:"([^"]*)"|([^\s;,"]*)))?\s*')


@dataclass(frozen=True, slots=True)
class Target:
    """One link.

    Attributes:
        parameters: names in lower case; of one that comes twice the first counts.
    """

    url: str
    parameters: Mapping[str, str]

    def has_relation(self, relation: str) -> bool:
        return relation in self.parameters.get("rel", "").split()

    def is_alternate(self, media: str) -> bool:
        return self.has_relation("alternate") and self.parameters.get("type", "") == media


def targets(field: str) -> list[Target]:
    """The links in a field, up to where it cannot be read."""
    return list(_targets(field[:_MOST]))


def _targets(field: str) -> Iterator[Target]:
    position = 0
    while link := _LINK.match(field, position):
        position = link.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(field, position):
            position = parameter.end()
            parameters.setdefault(parameter[1].lower(), parameter[2] or parameter[3] or "")
        yield Target(link[1].strip(), parameters)
        if field[position : position + 1] != ",":
            return
        position += 1


def context_url(fields: Iterable[str]) -> str:
    """The URL of the context that the Link fields name; empty when they name none.

    Raises:
        BadRequestData: they name several, or one without a URL.
    """
    found = [
        target.url for field in fields for target in targets(field) if target.has_relation(CONTEXT)
    ]
    if len(found) > 1:
        raise BadRequestData("The Link field names several contexts; name one that lists them.")
    if found == [""]:
        raise BadRequestData("The Link field names a context without a URL.")
    return found[0] if found else ""
