"""A look at the city as the API tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isinf

from pydantic import TypeAdapter

from gateway.control.live.picture import Picture
from gateway.control.live.rule import Judgement, Rule, Unit
from gateway.control.live.rules import RULES
from gateway.control.live.told import Told
from gateway.control.live.watch import Look, Noted
from gateway.control.live.words import LANGUAGES, advice, said


@dataclass(frozen=True, slots=True)
class FindingView(Told):
    """A rule that is not content.

    Attributes:
        value: as measured; null for what has no end.
        threshold: that it has passed.
        message, advice: by language.
    """

    rule: str
    judgement: Judgement
    subject: str
    value: float | None
    unit: Unit
    threshold: float
    since: datetime
    detail: str
    message: dict[str, str]
    advice: dict[str, str]


@dataclass(frozen=True, slots=True)
class LiveView(Told):
    """The city now: what to look at, and the figures behind it."""

    number: int
    at: datetime
    judgement: Judgement
    findings: tuple[FindingView, ...]
    picture: Picture


@dataclass(frozen=True, slots=True)
class RuleView(Told):
    """A rule: from where on it is to be watched, and acted on; null for never."""

    id: str
    watch: float | None
    act: float | None
    unit: Unit
    falling: bool
    reason: str


LIVE: TypeAdapter[LiveView] = TypeAdapter(LiveView)


def view(look: Look) -> LiveView:
    return LiveView(
        number=look.number,
        at=datetime.fromtimestamp(look.picture.at, UTC),
        judgement=look.judgement,
        findings=tuple(_finding(noted) for noted in look.noted),
        picture=look.picture,
    )


def _finding(noted: Noted) -> FindingView:
    found = noted.finding
    return FindingView(
        rule=found.rule,
        judgement=found.judgement,
        subject=found.subject,
        value=_finite(found.value),
        unit=found.unit,
        threshold=found.threshold,
        since=datetime.fromtimestamp(noted.since, UTC),
        detail=found.detail,
        message={language: said(found, language) for language in LANGUAGES},
        advice={language: advice(found, language) for language in LANGUAGES},
    )


def rules() -> tuple[RuleView, ...]:
    return tuple(_rule(rule) for rule in RULES)


def _rule(rule: Rule) -> RuleView:
    return RuleView(
        rule.id, _finite(rule.watch), _finite(rule.act), rule.unit, rule.falling, rule.reason
    )


def _finite(value: float) -> float | None:
    return None if isinf(value) else value


def as_json(look: Look) -> bytes:
    return LIVE.dump_json(view(look), by_alias=True)
