"""One natural language of several (GS CIM 009 §4.15; language ranges of RFC 4647)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.broker.context.errors import BadRequestData

_RANGE: Final = re.compile(
    r"(\*|@none|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)(?:\s*;\s*q=([01](?:\.\d{0,3})?))?"
)
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class LanguageFilter:
    """The languages that a reader likes, the best first, in lower case; ``*`` for any."""

    ranges: tuple[str, ...]

    def choose(self, language_map: Mapping[str, Any]) -> tuple[str, Any]:
        """The tag chosen, and what is said in it: in any language where none is liked."""
        tags = {tag.lower(): tag for tag in language_map}
        tag = next(filter(None, (_find(wanted, tags) for wanted in self.ranges)), _any(tags))
        return tag, language_map[tag]


def parse_lang(text: str) -> LanguageFilter | None:
    """The ``lang`` parameter: written like ``Accept-Language`` (RFC 9110 §12.5.4).

    Raises:
        BadRequestData: it is not.
    """
    if not text:
        return None
    parts = text.split(",")
    if len(parts) > _MOST:
        raise BadRequestData(f"lang names at most {_MOST} languages.")
    weighed = []
    for part in parts:
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise BadRequestData(
                f"lang: {part[:40]!r} is no language; write fr-CH,fr;q=0.9,*;q=0.5."
            )
        weighed.append((float(match[2] or 1), match[1].lower()))
    weighed.sort(key=lambda pair: -pair[0])
    return LanguageFilter(tuple(wanted for weight, wanted in weighed if weight))


def parse_tag(text: str) -> str:
    """One language tag: the language of what comes in.

    Raises:
        BadRequestData: it is none.
    """
    match = _RANGE.fullmatch(text)
    if match is None or match[2] or text == "*":
        raise BadRequestData(f"lang: {text[:40]!r} is no language tag (RFC 5646).")
    return text


def _find(wanted: str, tags: Mapping[str, str]) -> str:
    """The tag that a range means: itself, a narrower one, a wider one (RFC 4647 §3.3.1, §3.4)."""
    if wanted == "*":
        return _any(tags)
    if wanted in tags:
        return tags[wanted]
    narrower = next((tags[tag] for tag in tags if tag.startswith(wanted + "-")), "")
    wider = wanted.rpartition("-")[0]
    return narrower or (_find(wider, tags) if wider else "")


def _any(tags: Mapping[str, str]) -> str:
    return tags.get("@none") or next(iter(tags.values()))
