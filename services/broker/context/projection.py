"""Which members of an entity are wanted: ``pick`` and ``omit`` (GS CIM 009 §4.21)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import Context
from services.broker.context.kinds import SYSTEM

OWN: Final = frozenset(("id", "type", "scope", *SYSTEM))
"""Members that are no attributes, which a projection names all the same."""

_TOKEN: Final = re.compile(r"[,|{}]|[^,|{}]+")
_MOST_NAMES: Final = 100
_MOST_DEPTH: Final = 5


@dataclass(frozen=True, slots=True)
class Projection:
    """Members by name: those of :data:`OWN` as they are, attributes expanded.

    Attributes:
        members: name → what is wanted of the linked entity behind it; None for the member itself.
    """

    members: Mapping[str, Projection | None]

    def __contains__(self, name: str) -> bool:
        return name in self.members

    @property
    def depth(self) -> int:
        """How many relationships it follows."""
        return max((1 + below.depth for below in self.members.values() if below), default=0)


def parse_projection(text: str, context: Context, parameter: str) -> Projection | None:
    """A projection parameter; None when it is not given.

    Raises:
        BadRequestData: it is none.
    """
    if not text:
        return None
    tokens = [token.strip() for token in _TOKEN.findall(text)]
    if len(tokens) > 4 * _MOST_NAMES:
        raise BadRequestData(f"{parameter} has at most {_MOST_NAMES} names.")
    parser = _Parser(tokens, context, parameter)
    found = parser.terms(depth=0)
    if parser.tokens:
        raise parser.wrong()
    return found


class _Parser:
    """By recursive descent: ``name[{terms}]`` separated by ``,`` or ``|``."""

    def __init__(self, tokens: list[str], context: Context, parameter: str) -> None:
        self.tokens = tokens[::-1]
        self._context, self._parameter = context, parameter

    def wrong(self) -> BadRequestData:
        return BadRequestData(f"{self._parameter} is written as name,name,relationship{{name}}.")

    def terms(self, depth: int) -> Projection:
        if depth > _MOST_DEPTH:
            raise BadRequestData(f"{self._parameter} follows at most {_MOST_DEPTH} relationships.")
        members: dict[str, Projection | None] = {}
        while True:
            name = self._name()
            members[name] = self._below(depth)
            if not self.tokens or self.tokens[-1] not in (",", "|"):
                return Projection(members)
            self.tokens.pop()

    def _name(self) -> str:
        name = self.tokens.pop() if self.tokens else ""
        if not name or name in ",|{}":
            raise self.wrong()
        return name if name in OWN else self._context.expand(name)

    def _below(self, depth: int) -> Projection | None:
        if not self.tokens or self.tokens[-1] != "{":
            return None
        self.tokens.pop()
        below = self.terms(depth + 1)
        if not self.tokens or self.tokens.pop() != "}":
            raise self.wrong()
        return below
