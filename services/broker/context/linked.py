"""Linked entities in the answer (GS CIM 009 §4.5.23): how, and how deep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from services.broker.context.errors import BadRequestData
from services.broker.context.model import check_id
from services.broker.context.view import View

How = Literal["inline", "flat", "@none"]

MOST_LEVELS: Final = 5
_MOST_IDS: Final = 500


@dataclass(frozen=True, slots=True)
class Join:
    """How linked entities are given.

    Attributes:
        levels: how many relationships are followed.
        known: ids met before, which are not given again.
    """

    how: How = "@none"
    levels: int = 1
    known: frozenset[str] = frozenset()

    @property
    def depth(self) -> int:
        return 0 if self.how == "@none" else self.levels


def check_projections(view: View, join: Join) -> None:
    """§5.7.2.4: what is picked of linked entities is no deeper than the answer.

    Raises:
        BadRequestData: it is.
    """
    depth = max((found.depth for found in (view.pick, view.omit) if found), default=0)
    if depth > join.depth:
        raise BadRequestData(
            f"pick and omit follow {depth} relationships: give join, and a joinLevel of at least"
            f" {depth}."
        )


def parse_join(given: Mapping[str, str]) -> Join:
    """What ``join``, ``joinLevel`` and ``containedBy`` ask for.

    Raises:
        BadRequestData: one of them is malformed, or stands without the one that it belongs to.
    """
    how = given.get("join", "@none")
    if how not in ("inline", "flat", "@none"):
        raise BadRequestData("join is inline, flat or @none.")
    level = given.get("joinLevel")
    if level is not None and not (level.isascii() and level.isdigit() and len(level) < 4):
        raise BadRequestData("joinLevel is a whole number above 0.")
    levels = 1 if level is None else int(level)
    if not 0 < levels <= MOST_LEVELS:
        raise BadRequestData(f"joinLevel is between 1 and {MOST_LEVELS}.")
    ids = [part.strip() for part in given.get("containedBy", "").split(",") if part.strip()]
    if len(ids) > _MOST_IDS:
        raise BadRequestData(f"containedBy names at most {_MOST_IDS} entities.")
    return Join(how, levels, frozenset(map(check_id, ids)))  # type: ignore[arg-type]
