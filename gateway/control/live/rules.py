"""The named rules by which the picture is judged: each with its thresholds, and why they are there.

An operator at night needs the finding and not the number. A rule measures one thing for each
subject that it is true of; from ``watch`` on somebody should look at it by day, from ``act`` on
somebody should get up. The measure grows with the trouble, unless the rule is ``falling``.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Final

from gateway.control.live import measures as of
from gateway.control.live.picture import Picture
from gateway.control.live.rule import Finding, Judgement, Rule

RULES: Final = (
    Rule(
        "process-silent", 10, 30, "seconds",
        "A restart takes a few seconds; after half a minute it does not come back by itself.",
        of.silent,
    ),
    Rule(
        "process-slow", 1, 4, "seconds",
        "A second for its own figures is too little CPU; at five it is not waited for any more.",
        of.slow,
    ),
    Rule(
        "errors", 0.01, 0.05, "ratio",
        "One in a hundred is what retries hide from people; one in twenty they notice.", of.errors,
    ),
    Rule(
        "latency", 1, 5, "seconds",
        "A page made of three calls feels slow at a second each; at five people give up.",
        of.latency,
    ),
    Rule(
        "saturation", 0.9, inf, "ratio",
        "At its limit the server has no room: what is turned away then has rules of its own.",
        of.saturation,
    ),
    Rule(
        "circuit-open", 1, 1, "count",
        "Nobody is asked at all: everything this API serves is down.",
        lambda picture: ((up.name, up.circuit) for up in picture.upstreams),
    ),
    Rule(
        "addresses-out", 1, inf, "count",
        "The others carry its load, until they are too few.",
        lambda picture: ((up.name, up.out) for up in picture.upstreams),
    ),
    Rule(
        "document", 1, inf, "none",
        "The last good document stays in force: nothing stops, and changes do not come through.",
        lambda picture: (
            (up.name, 1.0) for up in picture.upstreams if up.document in {"refused", "unreachable"}
        ),
    ),
    Rule(
        "shedding", 0.1, inf, "per-second",
        "Bulk and normal requests may wait; that is what their priority means.",
        lambda picture: of.shed(picture, "bulk", "normal"),
    ),
    Rule(
        "shedding-essential", 0.001, 0.1, "per-second",
        "What life depends on is the last to be turned away: the city is beyond what it can carry.",
        lambda picture: of.shed(picture, "essential", "life-safety"),
    ),
    Rule(
        "loop-lag", 0.05, 0.5, "seconds",
        "Every request through that worker is late by as much.",
        lambda picture: of.one(picture.gateway.loop_lag),
    ),
    Rule(
        "policy-age", 60, 600, "seconds",
        "Gateways ask every 30 s. On an old policy revocations and withdrawals do not reach them.",
        lambda picture: of.one(picture.gateway.policy_age),
    ),
    Rule(
        "trail-behind", 60, 900, "seconds",
        "Accesses are safe on the gateway's disk, and residents do not see them until they are in.",
        lambda picture: of.one(picture.gateway.trail_age),
    ),
    Rule(
        "trail-broken", 1, 1, "count",
        "A worker that cannot write down who reads personal data refuses to serve it.",
        lambda picture: of.one(picture.gateway.trail_broken),
    ),
    Rule(
        "certificate", 21, 7, "days",
        "Renewal is tried a month before the end; when a week is left it has failed for weeks.",
        lambda picture: of.one(picture.gateway.certificate_days), falling=True,
    ),
    Rule(
        "log-away", 1, 1, "none",
        "Events are taken and kept, and reach nobody: alerts neither.",
        lambda picture: of.one(not picture.broker.log_reachable),
    ),
    Rule(
        "outbox-age", 5, 60, "seconds",
        "What is accepted is on the log within milliseconds; at a minute alerts come too late.",
        lambda picture: of.one(picture.broker.outbox_age),
    ),
    Rule(
        "group-lag", 1_000, 10_000, "count",
        "A consumer of a thousand a second catches up in a second; ten thousand it has stopped.",
        of.lags,
    ),
    Rule(
        "subscribers-behind", 5_000, 50_000, "count",
        "At 100,000 publishers are turned away.",
        lambda picture: of.one(picture.broker.untold),
    ),
    Rule(
        "deliveries-behind", 300, 14_400, "seconds",
        "A receiver may be away for minutes; for hours its owner should be told.",
        lambda picture: of.one(picture.broker.delivery_age),
    ),
    Rule(
        "dead-letters", 1, 50, "count",
        "Each is an event that somebody was promised and did not get; many are one fault.",
        lambda picture: of.one(picture.broker.dead_letters),
    ),
    Rule(
        "consents-unheard", 10, 30, "seconds",
        "After 30 s of not knowing which consents ended, personal data waits.",
        lambda picture: of.one(picture.broker.consents_age),
    ),
    Rule(
        "feed-failing", 60, 900, "seconds",
        "Sources stumble; what was read before is served meanwhile, ever less true.",
        lambda picture: ((f"{each.domain}/{each.name}", each.failing) for each in picture.feeds),
    ),
    Rule(
        "feed-stale", 3, 20, "ratio",
        "Three of its own intervals without a look, and no failure said: it is stuck.", of.stale,
    ),
    Rule(
        "feed-rests", 1, inf, "none",
        "Five failures in a row: its holder is left alone for half a minute at a time.",
        lambda picture: (
            (f"{each.domain}/{each.name}", float(each.rests)) for each in picture.feeds
        ),
    ),
    Rule(
        "unsaid", 30, 300, "seconds",
        "What a part has to say waits for the broker; nothing is lost, and nobody knows of it.",
        lambda picture: ((each.part, each.age) for each in picture.waiting),
    ),
    Rule(
        "evacuation-deaf", 1, 1, "none",
        "Guidance is made of alerts: without the broker no new one comes.",
        lambda picture: of.one(None if picture.following is None else not picture.following),
    ),
    Rule(
        "notices-behind", 3_600, 172_800, "seconds",
        "Clients must hear that a consent has ended; after three days the notice is given up.",
        lambda picture: of.one(picture.notices_age),
    ),
    Rule(
        "quota", 0.8, inf, "ratio",
        "Its owner would like to know before the day's requests are used up.",
        lambda picture: (
            (f"{each.client} {each.route}".strip(), each.ratio) for each in picture.quotas
        ),
    ),
    Rule(
        "emergency", 1, inf, "none",
        "While it is in force, what is not about lives is served after what is.",
        lambda picture: of.one(picture.emergency is not None),
    ),
    Rule(
        "emergency-partly", 1, 1, "count",
        "Workers that do not know of it shed in the usual order, and open nothing.",
        lambda picture: of.one(of.without_emergency(picture)),
    ),
)  # fmt: skip
"""In the order in which findings of one judgement are shown."""


def findings(picture: Picture) -> tuple[Finding, ...]:
    """All that is not well: what calls for somebody first, then in the rules' order."""
    found = [finding for rule in RULES for finding in _found(rule, picture)]
    return tuple(sorted(found, key=lambda finding: finding.judgement != "act"))


def _found(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for subject, value in rule.look(picture):
        judgement = rule.judge(value)
        if judgement != "well":
            threshold = rule.act if judgement == "act" else rule.watch
            detail = _detail(rule.id, subject, picture)
            yield Finding(rule.id, judgement, subject, value, rule.unit, threshold, detail)


def _detail(rule: str, subject: str, picture: Picture) -> str:
    if rule == "errors":
        return ", ".join(next(up.failing for up in picture.upstreams if up.name == subject))
    if rule == "emergency" and picture.emergency is not None:
        return f"{picture.emergency.level}: {picture.emergency.reason}"
    if rule == "process-silent":
        errors = {f"{p.part} {p.address}".strip(): p.error for p in picture.processes}
        return {**dict(picture.lost), **errors}.get(subject, "")
    return ""


def overall(found: tuple[Finding, ...]) -> Judgement:
    """Of the city as a whole: the worst of its findings."""
    judgements = {finding.judgement for finding in found}
    return "act" if "act" in judgements else "watch" if "watch" in judgements else "well"
