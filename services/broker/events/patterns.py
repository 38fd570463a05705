"""Which event types a reader wants: exact names, or patterns in which ``*`` stands for anything."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from schemas.problem import Fault, Unprocessable
from schemas.registry import event_types

_PATTERN: Final = re.compile(r"[a-z0-9.*-]{1,200}")
_MOST_PATTERNS: Final = 50
_MOST_STARS: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A choice of registered event types.

    Attributes:
        types: the types meant.
        topics: where they are on the log.
    """

    types: frozenset[str]
    topics: tuple[str, ...]

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Wanted:
        """The registered types that match one of ``patterns``; all when there are none.

        Raises:
            Unprocessable: a pattern is malformed, or means no registered type.
        """
        wanted = list(patterns) or ["*"]
        if len(wanted) > _MOST_PATTERNS:
            raise Unprocessable(f"At most {_MOST_PATTERNS} types or patterns at once.")
        return cls.exactly(name for pattern in wanted for name in _matching(pattern))

    @classmethod
    def exactly(cls, names: Iterable[str]) -> Wanted:
        """These types, whether they are still registered or not."""
        types = frozenset(names)
        return cls(types, tuple(sorted({name.rpartition(".")[0] for name in types})))


def _matching(pattern: str) -> list[str]:
    if not _PATTERN.fullmatch(pattern) or pattern.count("*") > _MOST_STARS:
        raise Unprocessable(
            f"{pattern[:200]!r} is no event type: give names such as city.disaster.alert.issued,"
            " or patterns such as city.disaster.*."
        )
    expression = re.compile(re.escape(pattern).replace(r"\*", ".*"))
    found = [name for name in event_types() if expression.fullmatch(name)]
    if not found:
        raise Unprocessable(
            f"No registered event type is {pattern}.", faults=[unknown_type("types", pattern)]
        )
    return found


def unknown_type(where: str, name: str) -> Fault:
    """The fault of naming a type that is not registered, with those that look like it."""
    near = get_close_matches(name, event_types(), n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "GET /events/v1/types lists them"
    return Fault(where, f"{name[:200]} is not a registered event type", hint)
