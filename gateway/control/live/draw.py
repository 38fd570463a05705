"""Figures → the picture. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gateway.control.live.facts import Facts
from gateway.control.live.families import Key
from gateway.control.live.picture import (
    Broker,
    Domain,
    Feed,
    Gateway,
    InForce,
    Lag,
    Picture,
    Process,
    Upstream,
    Used,
    Waiting,
)
from gateway.control.live.rings import Span
from gateway.control.live.traffic import history, total, traffic, worst_routes
from schemas.policy import Emergency

Levels = Mapping[Key, float]
_DAY: Final = 86_400.0
_MOST_LAGS: Final = 50


def draw(
    at: float,
    lately: Span,
    hour: Sequence[Span],
    levels: Levels,
    facts: Facts,
    processes: Iterable[Process] = (),
    lost: Mapping[str, str] | None = None,
) -> Picture:
    """The picture of the city at ``at``, in seconds since the epoch."""
    counted = _together(hour)
    following = levels.get(("evacuation-following",))
    return Picture(
        at=at,
        seconds=lately.seconds,
        gateway=_gateway(at, lately, levels),
        domains=_domains(lately, hour, facts),
        upstreams=tuple(_upstream(name, lately, levels, facts) for name in sorted(facts.domains)),
        processes=tuple(processes),
        lost=tuple(sorted((lost or {}).items())),
        broker=_broker(lately, counted, levels),
        feeds=_feeds(counted, levels),
        waiting=_waiting(levels),
        quotas=_quotas(levels),
        notices_waiting=levels.get(("notices-waiting",), 0.0),
        notices_age=levels.get(("notices-age",), 0.0),
        following=None if following is None else following > 0,
        emergency=_in_force(facts.emergency),
    )


def _in_force(emergency: Emergency | None) -> InForce | None:
    if emergency is None:
        return None
    return InForce(emergency["level"], emergency["since"], emergency["until"], emergency["reason"])


def _together(hour: Sequence[Span]) -> dict[Key, float]:
    found = Span(0.0, 0.0)
    for minute in hour:
        found.add(minute.seconds, minute.counts)
    return found.counts


def _of(levels: Levels, what: str) -> dict[Key, float]:
    return {key[1:]: value for key, value in levels.items() if key[0] == what}


def _gateway(at: float, lately: Span, levels: Levels) -> Gateway:
    ends = levels.get(("tls-not-after",))
    shed = _of(lately.counts, "shed")
    return Gateway(
        workers=levels.get(("workers",), 0.0),
        connections=levels.get(("connections",), 0.0),
        in_flight=sum(_of(levels, "in-flight").values()),
        loop_lag=levels.get(("loop-lag",), 0.0),
        shed=tuple((key[0], value / (lately.seconds or 1)) for key, value in sorted(shed.items())),
        policy_age=levels.get(("policy-age",), 0.0),
        trail_waiting=levels.get(("trail-unshipped",), 0.0),
        trail_age=levels.get(("trail-age",), 0.0),
        trail_broken=levels.get(("trail-broken",), 0.0),
        certificate_days=None if ends is None else (ends - at) / _DAY,
        emergency_workers=sum(_of(levels, "emergency").values()),
    )


def _domains(lately: Span, hour: Sequence[Span], facts: Facts) -> tuple[Domain, ...]:
    found: dict[str, list[str]] = {}
    for api, domain in sorted(facts.domains.items()):
        found.setdefault(domain, []).append(api)
    return tuple(
        Domain(name, tuple(apis), traffic(lately, apis), history(hour, apis))
        for name, apis in sorted(found.items())
    )


def _upstream(name: str, lately: Span, levels: Levels, facts: Facts) -> Upstream:
    server = facts.servers.get(name, "")
    return Upstream(
        name=name,
        domain=facts.domains[name],
        traffic=traffic(lately, (name,)),
        server=server,
        in_hand=levels.get(("in-hand", server), 0.0),
        limit=levels.get(("limit", server), 0.0),
        waiting=levels.get(("waiting", name), 0.0),
        circuit=levels.get(("circuit", name), 0.0),
        out=sum(value for key, value in _of(levels, "out").items() if key[0] == name),
        document=facts.apis.get(name, ""),
        failing=worst_routes(lately.counts, name),
    )


def _broker(lately: Span, hour: Mapping[Key, float], levels: Levels) -> Broker:
    def level(what: str) -> float:
        return levels.get((what,), 0.0)

    lags = [Lag(client, group, n) for (client, group), n in _of(levels, "lag").items()]
    retried = hour.get(("delivery-tries", "failed"), 0.0)
    return Broker(
        known=("log-reachable",) in levels,
        log_reachable=levels.get(("log-reachable",), 1.0) > 0,
        outbox_messages=level("outbox-messages"),
        outbox_age=level("outbox-age"),
        untold=level("untold"),
        lags=tuple(
            sorted(lags, key=lambda lag: (-lag.records, lag.client, lag.group))[:_MOST_LAGS]
        ),
        streams=level("streams"),
        delivery_waiting=level("delivery-waiting"),
        delivery_age=level("delivery-age"),
        delivery_circuits=level("delivery-circuits"),
        consents_age=level("consents-age"),
        events_per_second=total(lately.counts, "events-accepted") / (lately.seconds or 1),
        dead_letters=total(hour, "dead-letters"),
        given_up=total(hour, "deliveries-given-up"),
        retries=total(hour, "consumer-retries") + retried,
    )


def _feeds(hour: Mapping[Key, float], levels: Levels) -> tuple[Feed, ...]:
    return tuple(
        Feed(
            domain,
            name,
            age=age,
            interval=levels.get(("feed-interval", domain, name), 0.0),
            failing=levels.get(("feed-failing", domain, name), 0.0),
            rests=levels.get(("feed-rests", domain, name), 0.0) > 0,
            failures=hour.get(("feed-failures", domain, name), 0.0),
        )
        for (domain, name), age in sorted(_of(levels, "feed-age").items())
    )


def _waiting(levels: Levels) -> tuple[Waiting, ...]:
    messages, ages = _of(levels, "said-waiting"), _of(levels, "said-age")
    found = [Waiting(key[0], count, ages.get(key, 0.0)) for key, count in sorted(messages.items())]
    if ("evacuation-waiting",) in levels:
        count, age = levels[("evacuation-waiting",)], levels.get(("evacuation-age",), 0.0)
        found.append(Waiting("evacuation", count, age))
    return tuple(found)


def _quotas(levels: Levels) -> tuple[Used, ...]:
    used = [Used(client, route, n) for (client, route), n in _of(levels, "quota").items()]
    return tuple(sorted(used, key=lambda each: (-each.ratio, each.client, each.route)))
