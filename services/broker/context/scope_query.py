"""Selecting entities by scope (GS CIM 009 §4.19): ``/A,/B`` is either, ``(/A;/B)`` both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.broker.context.errors import BadRequestData, TooComplexQuery

ANY_SCOPE: Final = "/#"
_MOST_NAMES: Final = 100
_MOST_TEXT: Final = 8000
_PART: Final = re.compile(r"\(([^()]*)\)|([^()|,;]+)")
_LEVEL: Final = re.compile(r"[^\W\d_]\w*|\+")


@dataclass(frozen=True, slots=True)
class ScopeTerm:
    """One scope of a scope query.

    Attributes:
        levels: its levels; ``+`` for any one.
        below: also what is below it.
    """

    levels: tuple[str, ...]
    below: bool

    @property
    def prefix(self) -> str:
        """What the scope begins with, up to its first ``+``; with a slash before and behind."""
        fixed = self.levels[: self.levels.index("+")] if "+" in self.levels else self.levels
        return "/" + "".join(f"{level}/" for level in fixed)

    @property
    def pattern(self) -> str:
        """A regular expression for whole scopes with a slash before and behind."""
        levels = "".join(f"{'[^/]+' if level == '+' else level}/" for level in self.levels)
        return f"^/{levels}{'' if self.below else '$'}"

    @property
    def is_plain(self) -> bool:
        return "+" not in self.levels

    def matches(self, scope: str) -> bool:
        return re.search(self.pattern, f"/{scope.strip('/')}/") is not None


Scopes = tuple[tuple[ScopeTerm, ...], ...]
"""Any of these, each all of its scopes; a term without levels is any scope at all."""


def parse_scope_query(text: str) -> Scopes:
    """The tree of a scope query.

    Raises:
        BadRequestData: it does not follow the grammar.
        TooComplexQuery: more scopes than are answered.
    """
    if text == ANY_SCOPE:
        return ((ScopeTerm((), below=True),),)
    return tuple(tuple(_scope(part) for part in parts) for parts in _alternatives(text))


def in_scopes(wanted: Scopes, scopes: Sequence[str]) -> bool:
    """Whether an entity in these scopes is selected."""
    return not wanted or any(
        all(any(term.matches(scope) for scope in scopes) for term in terms) for terms in wanted
    )


def _scope(text: str) -> ScopeTerm:
    below = text.endswith("/#")
    levels = text.removesuffix("/#").removeprefix("/").split("/")
    if not all(_LEVEL.fullmatch(level) for level in levels):
        raise BadRequestData(
            f"scopeQ: {text[:80]!r} is no scope: /level/level, +, or # at its end."
        )
    return ScopeTerm(tuple(levels), below)


def _alternatives(text: str) -> list[list[str]]:
    """``(A;B),C`` → [[A, B], [C]]."""
    if len(text) > _MOST_TEXT:
        raise TooComplexQuery(f"scopeQ has more than {_MOST_TEXT} characters.")
    found: list[list[str]] = []
    at = 0
    while True:
        part = _PART.match(text, at)
        if part is None:
            raise BadRequestData(f"scopeQ: expected a scope at character {at + 1}.")
        names = [name.strip() for name in (part[2] if part[1] is None else part[1]).split(";")]
        if not all(names) or (part[1] is not None and set(part[1]) & set(",|")):
            raise BadRequestData("scopeQ: in parentheses stand scopes with ; between them.")
        found.append(names)
        at = part.end()
        if at == len(text):
            break
        if text[at] not in ",|":
            raise BadRequestData(f"scopeQ: expected , or | at character {at + 1}.")
        at += 1
    if sum(map(len, found)) > _MOST_NAMES:
        raise TooComplexQuery(f"scopeQ has at most {_MOST_NAMES} names.")
    return found
