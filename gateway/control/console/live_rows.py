"""A look at the city as the page's rows: every figure a text already. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from gateway.control.console.live_links import place
from gateway.control.console.navigation import NAVIGATION
from gateway.control.console.spark import spark
from gateway.control.live.picture import Domain, Feed, Picture, Process, Upstream
from gateway.control.live.rule import Judgement
from gateway.control.live.rules import RULES
from gateway.control.live.traffic import Traffic
from gateway.control.live.watch import Look, Noted
from gateway.control.live.words import Language, advice, duration, number, said, shown

Texts = Mapping[str, str]
BADGES: Final[dict[Judgement, str]] = {"well": "good", "watch": "warn", "act": "bad"}


@dataclass(frozen=True, slots=True)
class Rows:
    """Args:
    language, texts: of the page.
    zone: whose clocks are shown.
    """

    look: Look
    language: Language
    texts: Texts
    zone: tzinfo

    @property
    def picture(self) -> Picture:
        return self.look.picture

    def _state(self, *subjects: str) -> dict[str, str]:
        """The worst that is found about any of the subjects."""
        found = {
            noted.finding.judgement
            for noted in self.look.noted
            if set(noted.finding.subject.split(", ")) & set(subjects)
        }
        return self.badge("act" if "act" in found else "watch" if "watch" in found else "well")

    def badge(self, judgement: Judgement) -> dict[str, str]:
        return {"kind": BADGES[judgement], "text": self.texts["live_" + judgement]}

    def overall(self) -> dict[str, str]:
        return self.badge(self.look.judgement)

    def as_of(self) -> str:
        return self.texts["live_as_of"].format(self._clock(self.picture.at))

    def findings(self) -> list[dict[str, Any]]:
        return [self._finding(noted) for noted in self.look.noted]

    def _finding(self, noted: Noted) -> dict[str, Any]:
        found = noted.finding
        threshold = shown(found.threshold, found.unit, self.language)
        link = place(found.rule, NAVIGATION)
        return {
            "badge": self.badge(found.judgement),
            "said": said(found, self.language),
            "advice": advice(found, self.language),
            "detail": found.detail,
            "link": {"path": link.path, "text": self.texts[link.text]} if link else None,
            "since": self._clock(noted.since),
            "since_iso": datetime.fromtimestamp(noted.since, UTC).isoformat(timespec="seconds"),
            "rule": "" if found.unit == "none" else self.texts["live_rule"].format(threshold),
        }

    def stats(self) -> list[tuple[str, str]]:
        picture, gateway = self.picture, self.picture.gateway
        everything = [domain.traffic for domain in picture.domains]
        requests = sum(each.requests for each in everything)
        errors = sum(each.errors for each in everything)
        return [
            (self.texts["live_requests"], number(sum(each.per_second for each in everything))),
            (self.texts["live_errors"], share(errors / requests if requests else 0.0)),
            (self.texts["live_in_flight"], number(gateway.in_flight)),
            (self.texts["live_events"], number(picture.broker.events_per_second)),
            (self.texts["live_connections"], number(gateway.connections)),
            (self.texts["live_workers"], number(gateway.workers)),
        ]

    def domains(self) -> list[dict[str, Any]]:
        return [self._domain(domain) for domain in self.picture.domains]

    def _domain(self, domain: Domain) -> dict[str, Any]:
        now = number(domain.traffic.per_second)
        most = number(max((v or 0.0 for v in domain.history.per_second), default=0.0))
        label = self.texts["live_spark"].format(domain.name, most, now)
        return {
            "name": domain.name,
            "badge": self._state(*domain.apis),
            "traffic": self._traffic(domain.traffic),
            "spark": spark(domain.history.per_second, label, domain.history.errors_per_second),
        }

    def _traffic(self, traffic: Traffic) -> dict[str, str]:
        return {
            "rate": number(traffic.per_second),
            "errors": share(traffic.error_ratio),
            "refused": number(traffic.refused),
            **{name: self._seconds(getattr(traffic, name)) for name in ("p50", "p95", "p99")},
        }

    def upstreams(self) -> list[dict[str, Any]]:
        return [self._upstream(upstream) for upstream in self.picture.upstreams]

    def _upstream(self, upstream: Upstream) -> dict[str, Any]:
        room = self.texts["live_none"]
        if upstream.limit:
            room = self.texts["live_room_of"].format(
                number(upstream.in_hand), number(upstream.limit)
            )
        return {
            "name": upstream.name,
            "badge": self._state(upstream.name),
            "traffic": self._traffic(upstream.traffic),
            "room": room,
            "waiting": number(upstream.waiting),
        }

    def broker(self) -> list[tuple[str, str]]:
        broker, t = self.picture.broker, self.texts
        return [
            (t["live_log"], t["live_log_up" if broker.log_reachable else "live_log_down"]),
            (t["live_outbox"], self._waiting(broker.outbox_messages, broker.outbox_age)),
            (t["live_delivery"], self._waiting(broker.delivery_waiting, broker.delivery_age)),
            (t["live_untold"], number(broker.untold)),
            (t["live_dead"], number(broker.dead_letters + broker.given_up)),
            (t["live_retries"], number(broker.retries)),
            (t["live_streams"], number(broker.streams)),
        ]

    def lags(self) -> list[dict[str, Any]]:
        return [
            {
                "group": lag.group,
                "client": lag.client,
                "records": number(lag.records),
                "badge": self._state(f"{lag.group} ({lag.client})"),
            }
            for lag in self.picture.broker.lags
            if lag.records
        ]

    def feeds(self) -> list[dict[str, Any]]:
        return [self._feed(feed) for feed in self.picture.feeds]

    def _feed(self, feed: Feed) -> dict[str, Any]:
        t = self.texts
        words = t["live_read"]
        if feed.failing:
            words = t["live_failing"].format(duration(feed.failing, self.language))
        interval = duration(feed.interval, self.language) if feed.interval else t["live_pushed"]
        return {
            "domain": feed.domain,
            "name": feed.name,
            "badge": {**self._state(f"{feed.domain}/{feed.name}"), "text": words},
            "rests": t["live_rests"] if feed.rests else "",
            "age": t["live_ago"].format(duration(feed.age, self.language)),
            "interval": interval,
            "failures": number(feed.failures),
        }

    def unsaid(self) -> list[tuple[str, str]]:
        return [
            (each.part, self._waiting(each.messages, each.age))
            for each in self.picture.waiting
            if each.messages
        ]

    def quotas(self) -> list[dict[str, str]]:
        return [
            {
                "client": each.client,
                "route": each.route or self.texts["live_all_routes"],
                "used": share(each.ratio),
            }
            for each in self.picture.quotas
        ]

    def processes(self) -> list[dict[str, Any]]:
        found = [self._process(process) for process in self.picture.processes]
        lost = [
            {"part": part, "address": "", "badge": self.badge("act"), "answers": why}
            for part, why in self.picture.lost
        ]
        return found + lost

    def _process(self, process: Process) -> dict[str, Any]:
        words = self.texts["live_answers_in"].format(duration(process.took, self.language))
        if process.error:
            words = self.texts["live_silent"].format(duration(process.silent, self.language))
        return {
            "part": process.part,
            "address": process.address or self.texts["live_this"],
            "badge": self._state(f"{process.part} {process.address}".strip()),
            "answers": words,
        }

    def _waiting(self, messages: float, age: float) -> str:
        if not messages:
            return "0"
        return self.texts["live_count_age"].format(number(messages), duration(age, self.language))

    def _seconds(self, seconds: float | None) -> str:
        return self.texts["live_none"] if seconds is None else duration(seconds, self.language)

    def _clock(self, at: float) -> str:
        return datetime.fromtimestamp(at, self.zone).strftime("%H:%M:%S")


def share(ratio: float) -> str:
    """A ratio as people read it: nothing is 0 %, and little is not nothing."""
    return "0%" if not ratio else f"{ratio:.0%}" if ratio >= 0.095 else f"{ratio:.1%}"


def rules(language: Language, texts: Texts) -> list[dict[str, str]]:
    """How it is judged, for the page."""

    def threshold(value: float, unit: Any) -> str:
        return texts["live_never"] if abs(value) == float("inf") else shown(value, unit, language)

    return [
        {
            "id": rule.id,
            "watch": threshold(rule.watch, rule.unit),
            "act": threshold(rule.act, rule.unit),
            "reason": rule.reason,
        }
        for rule in RULES
    ]


def hour(values: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Several histories added up, minute by minute; unknown where none is known."""
    return [
        sum(value or 0.0 for value in column) if any(v is not None for v in column) else None
        for column in zip(*values, strict=True)
    ]
