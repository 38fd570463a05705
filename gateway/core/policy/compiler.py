"""From a policy snapshot to the tables of :mod:`gateway.core.policy.policy`.

A snapshot is read whole before any of it counts: the core either has all of the new policy or all
of the old one. What can be decided here costs nothing per request. A policy without routes is an
error, never "everything is 404 now".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from urllib.parse import unquote_to_bytes
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.core import pipeline, reply
from gateway.core.access.keys import Key
from gateway.core.access.limits import Rate
from gateway.core.access.quotas import Quota
from gateway.core.caching.kept_route import KeptRoute
from gateway.core.caching.shared_cache import SAFE, ChangingRoute, SharedCache
from gateway.core.caching.shelf import Owner
from gateway.core.consent import dataset, legal
from gateway.core.consent.dataset import Dataset
from gateway.core.consent.levels import at_least
from gateway.core.consent.need import ConsentNeeded
from gateway.core.overload import emergency
from gateway.core.overload.admission import PRIORITIES
from gateway.core.overload.overload import Loads
from gateway.core.policy import saying
from gateway.core.policy.check import At
from gateway.core.policy.policy import Client, Policy, Route
from gateway.core.policy.routing import Conflict, Table
from gateway.core.slices import Work, at_once
from gateway.core.telemetry.telemetry import Series
from gateway.core.upstreams.upstream import Upstream
from schemas import policy as wire

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange

ACCESS: Final = ("open", "scoped", "personal")
CLASSES: Final = ("service", "data-holder", "partner", "operator", "internal")
PROTOCOLS: Final = ("websocket",)
RESERVED: Final = "/internal/"
"""Paths of the city's own processes that are never routed from outside."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What outlives a policy: connections, counters, and how many workers share the rates."""

    upstream: Callable[[str, wire.Upstream], Upstream]
    stats: Callable[[str], Series]
    share: int
    loads: Loads
    cache: SharedCache


class Kept(NamedTuple):
    """The routes whose answers are kept, by id; and the upstreams that have such routes."""

    owners: Mapping[str, Owner]
    upstreams: frozenset[str]


def compile_policy(snapshot: object, around: Surroundings) -> Policy:
    """The tables for a :class:`schemas.policy.Snapshot`.

    Args:
        snapshot: parsed JSON, not yet trusted.

    Raises:
        Invalid: it is of another format, incomplete, contradictory or empty; says where.
    """
    return at_once(compiling(snapshot, around))


def compiling(snapshot: object, around: Surroundings) -> Work[Policy]:
    """:func:`compile_policy` in steps, none longer than a route's."""
    top = At(snapshot)
    if top["format"].whole() != wire.FORMAT:
        raise top["format"].wrong(f"this core reads format {wire.FORMAT}")
    issuer = top["issuer"].text()
    keys = _keys(top["keys"])
    upstreams = {name: _upstream(name, at, around) for name, at in top["upstreams"].members()}
    kept = yield from _kept(top["routes"])
    clients: dict[str, Client] = {}
    for name, at in top["clients"].members():
        clients[name] = _client(name, at, around)
        yield
    datasets = dataset.read(top.get("datasets"))
    daily = any(client.quota is not None for client in clients.values())
    audience = top["audience"].text()
    base = audience.rstrip("/")
    metadata = _metadata(top["audience"])  # and with it that this is a URL
    routes: list[Route] = []
    for at in top["routes"].each():
        routes.append(_route(at, upstreams, datasets, kept, around, base, daily=daily))
        yield
    if not routes:
        raise top["routes"].wrong("a policy without routes would turn the whole city off")
    if not keys and any(route.access != "open" for route in routes):
        raise top["keys"].wrong("no key, but routes that need a token")
    revoked = yield from _revoked(top["revoked"])
    table = yield from _table(top["routes"], routes)
    return Policy(
        revision=top["revision"].text(),
        issuer=issuer,
        audience=audience,
        scheme=b"https" if issuer.startswith("https://") else b"http",
        base=base,
        metadata=metadata,
        keys=keys,
        clients=clients,
        revoked=revoked,
        open_rate=_rate(top["open_rate"], "address", around),
        upstreams=upstreams,
        table=table,
        kept=frozenset(kept.owners.values()),
        purged=_purged(top.get("purged")),
        datasets=datasets,
        emergency=emergency.read(top.get("emergency")),
        zone=_zone(top.get("zone")),
    )


def _keys(at: At) -> dict[str, Key]:
    keys: dict[str, Key] = {}
    for item in at.each():
        for name in ("kid", "kty", "alg"):
            item[name].text()
        try:
            key = Key(cast(wire.Jwk, item.value))
        except (ValueError, KeyError, AttributeError) as error:
            raise item.wrong(f"no usable public key: {error}") from error
        if key.kid in keys:
            raise item.wrong(f"two keys have the kid {key.kid!r}")
        keys[key.kid] = key
    return keys


def _upstream(name: str, at: At, around: Surroundings) -> Upstream:
    addresses = [item.text() for item in at["addresses"].each()]
    if not addresses:
        raise at["addresses"].wrong("an upstream without an address")
    for address in addresses:
        host, colon, port = address.rpartition(":")
        if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
            raise at["addresses"].wrong(f"{address!r} is not host:port")
    config: wire.Upstream = {
        "addresses": addresses,
        "sector": at["sector"].text(),
        "internal": at["internal"].flag(),
        "connect_timeout_ms": at["connect_timeout_ms"].whole(1),
        "response_timeout_ms": at["response_timeout_ms"].whole(1),
        "idle_timeout_ms": at["idle_timeout_ms"].whole(1),
        "max_connections": at["max_connections"].whole(1),
    }
    health, try_timeout = at.get("health"), at.get("try_timeout_ms")
    if health is not None:
        config["health"] = _health(health)
    if try_timeout is not None:
        config["try_timeout_ms"] = try_timeout.whole(1)
    return around.upstream(name, config)


def _health(at: At) -> str:
    path = at.text()
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise at.wrong("no path")
    return path


def _route(
    at: At,
    upstreams: Mapping[str, Upstream],
    datasets: Mapping[str, Dataset],
    kept: Kept,
    around: Surroundings,
    base: str,
    *,
    daily: bool,
) -> Route:
    """One route; ``daily``: there are clients with a quota over all routes."""
    name, access = at["id"].text(), at["access"].one_of(*ACCESS)
    path, strip = at["path"].text(), at["strip"].text(empty=True)
    segments = _segments(at["path"], path)
    scopes = tuple(
        frozenset(scope.text() for scope in alternative.each())
        for alternative in at["scopes"].each()
    )
    if (access == "open") == bool(scopes) or not all(scopes):
        raise at["scopes"].wrong("an open route has no scopes, any other has some")
    if strip and (not (path + "/").startswith(strip + "/") or "{" in strip or strip[-1] == "/"):
        raise at["strip"].wrong("not the leading literal segments of the path")
    if at["upstream"].text() not in upstreams:
        raise at["upstream"].wrong("no such upstream")
    subject = _subject(at["subject"], path, access)
    rate, quota = _rate_of(at, around), _quota(at, "route-day", around)
    max_body = at["max_body_bytes"].whole()
    upstream, stream = upstreams[at["upstream"].text()], at["stream"].flag()
    about = _about(at, datasets)
    mark = _mark(at, about)
    priority, upgrade = at["priority"].one_of(*PRIORITIES), _upgrade(at)
    endless = stream or bool(upgrade)
    said = saying.read(at, base)
    route = Route(
        id=name,
        method=at["method"].text().upper().encode("ascii"),
        path=path,
        segments=segments,
        upstream=upstream,
        strip=strip.count("/"),
        access=access,
        scopes=scopes,
        subject=subject,
        priority=priority,
        rate=rate,
        quota=quota,
        max_body=max_body,
        stream=stream,
        steps=pipeline.steps(
            access,
            trusted=_trusted(at, about, endless=endless),
            lasting=endless,
            subject=subject >= 0,
            limited=rate is not None,
            counted=quota is not None,
            daily=daily,
            options_route=at["method"].text().upper() == "OPTIONS",
            upgrade=upgrade,
            kept=name in kept.owners,
            said=said,
        ),
        send=_send(at, upstream, kept, around.cache),
        stats=around.stats(name),
        load=around.loads.of(name, priority, upstream, mark, endless),
        forbidden=reply.insufficient_scope(" ".join(sorted(scopes[0])) if scopes else ""),
        too_large=reply.too_large(max_body),
        dataset=at["dataset"].text(empty=True),
    )
    if mark == "open":
        return _openable(route, upgrade, said, kept=name in kept.owners)
    return route


def _about(at: At, datasets: Mapping[str, Dataset]) -> Dataset:
    """The data set of a route; one that the policy says nothing of is open."""
    name = at["dataset"].text(empty=True)
    return datasets.get(name) or Dataset(name)


def _trusted(at: At, about: Dataset, *, endless: bool) -> list[pipeline.Step]:
    """The steps by which law, sign-in and consent are held to; none where they ask for nothing."""
    access, method = at["access"].text(), at["method"].text().upper()
    found: list[pipeline.Step] = []
    if legal.is_inside_only(about.legal_class, access, method):
        found.append(legal.inside_only(about.id, about.legal_class))
    levels = [_level(at.get("authenticator")), _level(at.get("proofing"))]
    if any(levels) and access != "open":
        found.append(at_least(*levels))
    if access == "personal":
        found += [pipeline.need_resident, ConsentNeeded(about, endless=endless)]
    return found


def _level(at: At | None) -> int:
    found = at.whole() if at is not None else 0
    if at is not None and found > 3:
        raise at.wrong("a level is 1, 2 or 3")
    return found


def _metadata(at: At) -> bytes:
    """Of the URL with this ``aud``; what goes into a quoted string must not end it."""
    url = at.text().rstrip("/")
    if not url.isascii() or not url.isprintable() or {'"', "\\", " "} & set(url):
        raise at.wrong("no URL")
    return f"{url}/.well-known/oauth-protected-resource".encode()


def _mark(at: At, about: Dataset) -> str:
    given = at.get("emergency")
    mark = given.one_of(*emergency.MARKS) if given else "none"
    readable = at["access"].text() == "scoped" and at["method"].text().upper() == "GET"
    if given and mark == "open" and not readable:
        raise given.wrong("only a scoped GET can be opened to anybody: never a personal route")
    if mark == "open" and about.legal_class not in legal.PUBLISHABLE:
        return "reserved"  # served first, but never to anybody
    return mark


def _openable(route: Route, upgrade: bytes, said: pipeline.Step | None, *, kept: bool) -> Route:
    """``route``, served to anybody while there is an emergency."""
    opened = replace(
        route,
        access="open",
        scopes=(),
        steps=pipeline.steps(
            "open",
            subject=False,
            limited=route.rate is not None,
            upgrade=upgrade,
            kept=kept,
            said=said,
        ),
    )
    step = emergency.unless_open(route.steps, opened, pipeline.authenticate, pipeline.WAIVED)
    return replace(route, steps=(step,))


def _upgrade(route: At) -> bytes:
    at = route.get("upgrade")
    protocol = at.text(empty=True).lower() if at else ""
    if at and protocol and (protocol not in PROTOCOLS or route["method"].value != "GET"):
        raise at.wrong(f"a GET may switch to {' or '.join(PROTOCOLS)}, nothing else")
    return protocol.encode()


def _kept(routes: At) -> Work[Kept]:
    found = {}
    for at in routes.each():
        owner = Owner(
            at["id"].text(), at["dataset"].text(empty=True), at["upstream"].text(),
            at["access"].text(),
        )  # fmt: skip
        yield
        marked = at.get("cache")
        if marked is None:
            continue
        list(marked.members())  # it is an object
        endless = at["stream"].flag() or _upgrade(at)
        if at["method"].value != "GET" or owner.access == "personal" or endless:
            raise marked.wrong("only GET is kept; nothing personal, and nothing without an end")
        found[owner.route] = owner
    return Kept(found, frozenset(owner.upstream for owner in found.values()))


def _send(at: At, upstream: Upstream, kept: Kept, cache: SharedCache) -> Callable[[Exchange], None]:
    """Where a request goes that has passed every step."""
    owner = kept.owners.get(at["id"].text())
    if owner is not None:
        return KeptRoute(cache, owner, upstream).send
    safe = at["method"].text().upper().encode() in SAFE
    if not safe and upstream.name in kept.upstreams:
        return ChangingRoute(cache, upstream).send
    return upstream.send


def _purged(at: At | None) -> dict[str, int]:
    return {} if at is None else {what: when.whole() for what, when in at.members()}


def _segments(at: At, path: str) -> tuple[bytes | None, ...]:
    if not path.startswith("/") or not path.isascii():
        raise at.wrong("a path begins with a slash and is percent-encoded")
    if (path + "/").startswith(RESERVED):
        raise at.wrong("never routed from outside")
    return tuple(_segment(at, part) for part in path[1:].split("/"))


def _segment(at: At, part: str) -> bytes | None:
    if part.startswith("{") and part.endswith("}") and part.count("{") == part.count("}") == 1:
        return None
    if "{" in part or "}" in part:
        raise at.wrong("a parameter is exactly one segment")
    return unquote_to_bytes(part)


def _subject(at: At, path: str, access: str) -> int:
    subject = at.text(empty=True)
    if not subject:
        return -1
    parts = path[1:].split("/")
    if access != "personal" or f"{{{subject}}}" not in parts:
        raise at.wrong("names no parameter of the path, or the route is not personal")
    return parts.index(f"{{{subject}}}")


def _table(at: At, routes: list[Route]) -> Work[Table[Route]]:
    table: Table[Route] = Table()
    try:
        yield from table.grow(routes)
    except Conflict as error:
        raise at.wrong(str(error)) from error
    return table


def _rate(at: At, name: str, around: Surroundings) -> Rate:
    return _shared_rate(at["requests"].whole(1), at["seconds"].whole(1), name, around.share)


@lru_cache(maxsize=1_024)
def _shared_rate(requests: int, seconds: int, name: str, share: int) -> Rate:
    """One object for all clients of a rate, with what it remembers."""
    return Rate({"requests": requests, "seconds": seconds}, name, share)


def _rate_of(route: At, around: Surroundings) -> Rate | None:
    rate = route.get("rate")
    return None if rate is None or rate.value is None else _rate(rate, "route", around)


def _quota(at: At, name: str, around: Surroundings) -> Quota | None:
    given = at.get("quota")
    return None if given is None else _shared_quota(given.whole(1), name, around.share)


@lru_cache(maxsize=1_024)
def _shared_quota(requests: int, name: str, share: int) -> Quota:
    """The same object under the next policy, too, so that it is recognised."""
    return Quota(requests, name, share)


def _zone(at: At | None) -> tzinfo:
    if at is None:  # a last good policy of before there were quotas
        return UTC
    try:
        return ZoneInfo(at.text())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise at.wrong("no time zone that this machine knows") from error


def _client(name: str, at: At, around: Surroundings) -> Client:
    kind = at["client_class"].one_of(*CLASSES)
    rate, quota = _rate(at["rate"], "client", around), _quota(at, "client-day", around)
    return Client(name, kind, rate, at["suspended"].flag(), quota)


def _revoked(at: At) -> Work[wire.Revocations]:
    for part in ("tokens", "families", "clients", "consents"):
        there = at[part] if part != "consents" else at.get(part) or At({})
        for _, item in there.members():
            if type(item.value) not in (int, float):
                raise at[part].wrong("a time is a number of seconds")
            yield
    return cast(wire.Revocations, at.value)
