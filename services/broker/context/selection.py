"""Selecting entities by type (GS CIM 009 §4.17): ``A,B`` or ``A|B``, and ``(A;B)`` for both."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import Context

_ONE: Final = r"[^,|;()\s]+"
_EITHER: Final = re.compile(rf"{_ONE}|\({_ONE}(?:;{_ONE})*\)")
_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class TypeSelection:
    """Alternatives, each of them types that an entity all has, expanded; none for any type."""

    alternatives: tuple[frozenset[str], ...] = ()

    def matches(self, types: Collection[str]) -> bool:
        return not self.alternatives or any(wanted.issubset(types) for wanted in self.alternatives)


def parse_type_selection(text: str, context: Context) -> TypeSelection:
    """The selection in a ``type`` parameter; one that matches everything when it is empty or ``*``.

    Raises:
        BadRequestData: it is none.
    """
    if text in ("", "*"):
        return TypeSelection()
    parts = [part.strip() for part in re.split(r"[,|]", text)]
    if len(parts) > _MOST or not all(map(_EITHER.fullmatch, parts)):
        raise BadRequestData(f"type: {text[:80]!r} is no selection; write A,B or (A;B)|C.")
    return TypeSelection(
        tuple(
            frozenset(context.expand(name) for name in part.strip("()").split(";"))
            for part in parts
        )
    )
