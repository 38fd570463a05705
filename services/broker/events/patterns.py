"""Which event types a reader wants: exact names, or patterns in which ``*`` stands for anything."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
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
        patterns: what was asked for, which may mean types that are registered later.
    """

    types: frozenset[str]
    topics: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str], names: Collection[str] = ()) -> Wanted:
        """The registered types that match one of ``patterns``; all when there are none.

        Args:
            names: of all registered types; the city's own when left out.

        Raises:
            Unprocessable: a pattern is malformed, or means no registered type.
        """
        wanted = list(patterns) or ["*"]
        if len(wanted) > _MOST_PATTERNS:
            raise Unprocessable(f"At most {_MOST_PATTERNS} types or patterns at once.")
        known = names or event_types()
        found = cls.exactly(name for pattern in wanted for name in _matching(pattern, known))
        return cls(found.types, found.topics, tuple(map(_expression, wanted)))

    @classmethod
    def exactly(cls, names: Iterable[str]) -> Wanted:
        """These types, whether they are still registered or not."""
        types = frozenset(names)
        return cls(types, tuple(sorted({name.rpartition(".")[0] for name in types})))

    def include(self, name: str) -> bool:
        """Whether a type is meant, be it registered since or not."""
        return name in self.types or any(one.fullmatch(name) for one in self.patterns)


def _matching(pattern: str, names: Collection[str]) -> list[str]:
    if not _PATTERN.fullmatch(pattern) or pattern.count("*") > _MOST_STARS:
        raise Unprocessable(
            f"{pattern[:200]!r} is no event type: give names such as city.disaster.alert.issued,"
            " or patterns such as city.disaster.*."
        )
    expression = _expression(pattern)
    found = [name for name in names if expression.fullmatch(name)]
    if not found:
        raise Unprocessable(
            f"No registered event type is {pattern}.",
            faults=[unknown_type("types", pattern, names)],
        )
    return found


def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*"))


def unknown_type(where: str, name: str, names: Collection[str]) -> Fault:
    """The fault of naming a type that is not registered, with those that look like it."""
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "GET /events/v1/types lists them"
    return Fault(where, f"{name[:200]} is not a registered event type", hint)
