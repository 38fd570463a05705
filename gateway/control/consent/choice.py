"""What a resident chose on the consent page: which items, until when, and together with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from gateway.control.consent.request import Wanted
from gateway.control.consent.wording import Wording
from gateway.control.policy.snapshot import ZONE

COMBINATION: Final = "combination"
"""Form field with the domains that the resident says yes to together."""
UNTIL: Final = "until"
_MONTH: Final = 30


@dataclass(frozen=True, slots=True)
class Item:
    """One consent that is asked for, and its words."""

    wanted: Wanted
    wording: Wording

    @property
    def name(self) -> str:
        """Of its form field: two items have different words or data sets."""
        return f"give-{self.wanted.dataset.id}-{self.wanted.purpose.id}"


@dataclass(frozen=True, slots=True)
class Term:
    """One of the ends that a resident may choose."""

    name: str
    until: int

    @property
    def date(self) -> str:
        """The last day on which it holds."""
        return datetime.fromtimestamp(self.until - 1, ZoneInfo(ZONE)).date().isoformat()


def terms(items: Sequence[Item], now: int) -> list[Term]:
    """Today, a month, and all that the client asked for; the shorter ones as far as they are."""
    longest = max((one.wanted.until for one in items), default=now)
    today = datetime.fromtimestamp(now, ZoneInfo(ZONE)).date()

    def end_of(days: int) -> int:
        midnight = datetime.combine(today + timedelta(days + 1), time(), ZoneInfo(ZONE))
        return int(midnight.timestamp())

    offered = [Term("today", end_of(0)), Term("month", end_of(_MONTH))]
    return [*(one for one in offered if one.until < longest), Term("longest", longest)]


def usual(offered: Sequence[Term]) -> Term:
    """The term that stands there when nobody chooses: a month, or less where less is asked for."""
    return next((one for one in offered if one.name == "month"), offered[-1])


def ticked(form: Mapping[str, str], items: Sequence[Item], now: int) -> list[Item] | None:
    """The items that the resident gave, until when the resident said.

    Returns:
        ``None`` when the form is of other words than stand there now: nobody has read these.
    """
    given = [(one, form[one.name]) for one in items if one.name in form]
    if any(words != one.wording.hash for one, words in given):
        return None
    offered = terms(items, now)
    chosen = {term.name: term for term in offered}.get(form.get(UNTIL, ""), usual(offered))
    return [_until(one, min(one.wanted.until, chosen.until)) for one, _ in given]


def _until(item: Item, until: int) -> Item:
    return replace(item, wanted=replace(item.wanted, until=until))
