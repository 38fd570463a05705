from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.control.live.draw import draw
from gateway.control.live.facts import Facts
from gateway.control.live.families import Key
from gateway.control.live.picture import Picture, Process
from gateway.control.live.rings import Span
from gateway.control.live.rules import RULES, findings, overall
from gateway.control.live.words import LANGUAGES, WORDS, advice, said
from schemas.policy import Emergency

EMERGENCY = Emergency(id="e", since=0, until=9_999, level="severe", reason="flood")
FACTS = Facts(
    domains={"mobility": "mobility", "trains": "mobility", "medical": "medical"},
    servers={"mobility": "10.0.0.1:80", "trains": "10.0.0.1:80", "medical": "10.0.0.2:80"},
    apis={"mobility": "attached"},
)


def picture(
    counts: dict[Key, float] | None = None,
    levels: dict[Key, float] | None = None,
    facts: Facts = FACTS,
    processes: tuple[Process, ...] = (),
    at: float = 1_000.0,
    lost: dict[str, str] | None = None,
) -> Picture:
    span = Span(60.0, 60.0, counts or {})
    return draw(at, span, (span,), levels or {}, facts, processes, lost)


def judged(found: Picture) -> dict[tuple[str, str], str]:
    return {(each.rule, each.subject): each.judgement for each in findings(found)}


ANSWERS: dict[Key, float] = {("answers", "mobility", "2xx"): 90, ("answers", "mobility", "5xx"): 10}
SLOW: dict[Key, float] = {("below", "medical", "1.0"): 0, ("below", "medical", "2.5"): 30}
SLOW[("below", "medical", "+Inf")] = 30

CASES: dict[str, tuple[Picture, str, str]] = {
    "process-silent": (
        picture(processes=(Process("broker", "10.0.0.9", 12, 0, "refused"),)),
        "broker 10.0.0.9",
        "watch",
    ),
    "process-slow": (
        picture(processes=(Process("broker", "10.0.0.9", 0, 4.5, ""),)), "broker 10.0.0.9", "act",
    ),
    "errors": (picture(ANSWERS), "mobility", "act"),
    "latency": (picture(SLOW), "medical", "watch"),
    "saturation": (
        picture(levels={("in-hand", "10.0.0.1:80"): 9, ("limit", "10.0.0.1:80"): 10}),
        "mobility, trains",
        "watch",
    ),
    "circuit-open": (picture(levels={("circuit", "medical"): 1}), "medical", "act"),
    "addresses-out": (picture(levels={("out", "medical", "a"): 1}), "medical", "watch"),
    "document": (picture(facts=replace(FACTS, apis={"medical": "refused"})), "medical", "watch"),
    "shedding": (picture({("shed", "bulk"): 60}), "bulk", "watch"),
    "shedding-essential": (picture({("shed", "life-safety"): 60}), "life-safety", "act"),
    "loop-lag": (picture(levels={("loop-lag",): 0.06}), "", "watch"),
    "policy-age": (picture(levels={("policy-age",): 700}), "", "act"),
    "trail-behind": (picture(levels={("trail-age",): 61}), "", "watch"),
    "trail-broken": (picture(levels={("trail-broken",): 1}), "", "act"),
    "certificate": (picture(levels={("tls-not-after",): 1_000 + 6 * 86_400}), "", "act"),
    "log-away": (picture(levels={("log-reachable",): 0}), "", "act"),
    "outbox-age": (picture(levels={("outbox-age",): 6}), "", "watch"),
    "group-lag": (picture(levels={("lag", "app", "g"): 20_000}), "g (app)", "act"),
    "subscribers-behind": (picture(levels={("untold",): 6_000}), "", "watch"),
    "deliveries-behind": (picture(levels={("delivery-age",): 301}), "", "watch"),
    "dead-letters": (picture({("dead-letters", "g"): 2}), "", "watch"),
    "consents-unheard": (picture(levels={("consents-age",): 31}), "", "act"),
    "feed-failing": (
        picture(levels={("feed-age", "m", "f"): 90, ("feed-failing", "m", "f"): 61}),
        "m/f",
        "watch",
    ),
    "feed-stale": (
        picture(levels={("feed-age", "m", "f"): 300, ("feed-interval", "m", "f"): 60}),
        "m/f",
        "watch",
    ),
    "feed-rests": (
        picture(levels={("feed-age", "m", "f"): 1, ("feed-rests", "m", "f"): 1}), "m/f", "watch",
    ),
    "unsaid": (
        picture(levels={("said-waiting", "mobility"): 3, ("said-age", "mobility"): 400}),
        "mobility",
        "act",
    ),
    "evacuation-deaf": (picture(levels={("evacuation-following",): 0}), "", "act"),
    "notices-behind": (picture(levels={("notices-age",): 4_000}), "", "watch"),
    "quota": (picture(levels={("quota", "app", "mobility.x"): 1}), "app mobility.x", "watch"),
    "emergency": (picture(facts=replace(FACTS, emergency=EMERGENCY)), "", "watch"),
    "emergency-partly": (
        picture(levels={("workers",): 2, ("emergency", "severe"): 1},
                facts=replace(FACTS, emergency=EMERGENCY)),
        "",
        "act",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_each_rule_finds_what_it_is_for(rule: str) -> None:
    found, subject, judgement = CASES[rule]
    assert judged(found)[rule, subject] == judgement


def test_a_city_that_is_well_has_no_findings() -> None:
    quiet: dict[Key, float] = {**ANSWERS, ("answers", "mobility", "5xx"): 4.0}
    levels: dict[Key, float] = {("log-reachable",): 1.0, ("evacuation-following",): 1.0}
    assert findings(picture(quiet, levels)) == ()
    assert overall(()) == "well"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_thresholds_are_in_order_and_have_a_reason(rule: object) -> None:
    assert (rule.act <= rule.watch) if rule.falling else (rule.watch <= rule.act)  # type: ignore[attr-defined]
    assert rule.reason.endswith(".")  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RULES), st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_trouble_is_never_judged_milder(rule: object, one: float, other: float) -> None:
    order = ("well", "watch", "act")
    less, more = sorted((one, other), reverse=rule.falling)  # type: ignore[attr-defined]
    assert order.index(rule.judge(less)) <= order.index(rule.judge(more))  # type: ignore[attr-defined]


def test_what_calls_for_somebody_comes_first() -> None:
    found = findings(picture(ANSWERS, {("loop-lag",): 0.06, ("log-reachable",): 0}))
    judgements = [each.judgement for each in found]
    assert judgements == sorted(judgements) and {"act", "watch"} == set(judgements)
    assert overall(found) == "act"


def test_an_error_names_the_routes_that_fail() -> None:
    counts = {**ANSWERS, ("route", "mobility.listStops", "5xx"): 10.0}
    assert findings(picture(counts))[0].detail == "mobility.listStops"


def test_an_emergency_is_told_with_its_level_and_reason() -> None:
    found = findings(picture(facts=replace(FACTS, emergency=EMERGENCY)))
    assert [each.detail for each in found if each.rule == "emergency"] == ["severe: flood"]


def test_a_part_of_which_no_process_is_found_is_silent_for_ever() -> None:
    found = findings(picture(lost={"broker": "broker-each is not known"}))[0]
    assert (found.rule, found.value, found.detail) == (
        "process-silent", inf, "broker-each is not known",
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_words_that_can_be_said(language: str) -> None:
    assert set(WORDS[language]) == {rule.id for rule in RULES}  # type: ignore[index]
    for found, _, _ in CASES.values():
        for finding in findings(found):
            assert said(finding, language) and advice(finding, language)  # type: ignore[arg-type]
            assert "{" not in said(finding, language)  # type: ignore[arg-type]
