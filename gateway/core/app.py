"""The core of one worker: what all its connections share, and its life from start to drain."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import formatdate
from pathlib import Path
from time import monotonic

import orjson

from gateway.core import reply
from gateway.core.access.limits import Buckets, Limiter
from gateway.core.access.quotas import OwnCounts, Quotas, day_of
from gateway.core.access.tokens import Tokens
from gateway.core.bounds import CACHED_HEAD_BYTES, CACHED_LINE_BYTES, Bounds
from gateway.core.cache import Recent
from gateway.core.caching.shared_cache import SharedCache
from gateway.core.consent.withdrawal import cut_ended, cut_withdrawn
from gateway.core.exchange import Exchange
from gateway.core.handshakes import Handshakes
from gateway.core.http.head import Fields, without_proof
from gateway.core.http.target import RequestLine
from gateway.core.ids import Ids
from gateway.core.listeners import Listeners
from gateway.core.overload.overload import Overload
from gateway.core.policy.compiler import Surroundings, compiling
from gateway.core.policy.policy import Policy
from gateway.core.policy.reading import document
from gateway.core.proof.batch import Batch
from gateway.core.proof.proof import Proofs
from gateway.core.proof.replays import Replays
from gateway.core.reply import malformed
from gateway.core.server import ClientConnection
from gateway.core.slices import Work, at_once, emptied, in_slices
from gateway.core.telemetry.accesslog import AccessLog
from gateway.core.telemetry.spans import Spans, Traced
from gateway.core.telemetry.telemetry import Telemetry
from gateway.core.telemetry.usage import Usage
from gateway.core.tls import HSTS, Tls, TlsFiles
from gateway.core.trail.trail import Trail
from gateway.core.upstreams.upstream import Upstream
from schemas import policy as wire
from schemas.pseudonym import Pseudonyms

_log = logging.getLogger(__name__)
_MOST_NEAR = 50
"""Quotas nearly used up that operators are told of."""
_PROOFS = 1 << 16
"""Proofs that a core remembers by itself, where it shares no memory with others."""


@dataclass(frozen=True, slots=True)
class CoreConfig:
    """What a core is told at its start.

    Attributes:
        gateway_key: sent to the city's own APIs, which believe nobody else.
        pairwise_key: opens the resident in a token; at least 32 bytes.
        workers: how many share the rates of the policy.
        access_log: a file, ``-`` for standard output, ``""`` for none.
        limiter: where tokens are taken from; buckets of its own unless given.
        tls: the certificate that clients are shown; None to speak plain HTTP.
        last_good: where the last good policy is kept; None to keep none.
        now: the wall clock.
        quotas: where requests are counted against quotas; counts of its own unless given.
        spans: where spans of sampled requests wait to be sent; None to note none.
        trail: where accesses to personal data are written down before an answer leaves; None
            where nothing personal is behind.
        replays: where used proofs are remembered, shared with the machine's other workers; a
            memory of its own unless given.
    """

    gateway_key: bytes = field(repr=False)
    pairwise_key: bytes = field(repr=False)
    workers: int = 1
    access_log: str = ""
    last_good: Path | None = None
    limiter: Limiter | None = None
    tls: TlsFiles | None = None
    bounds: Bounds = field(default_factory=Bounds)
    now: Callable[[], float] = time.time
    quotas: Quotas | None = None
    spans: Spans | None = None
    trail: Trail | None = None
    replays: Replays | None = None


class Core:
    """A routing core. Made on the loop it runs on; serves nothing until it has a policy.

    Attributes:
        policy: all that is in force, None before the first.
        draining: answers end their connections.
        under_way: requests begun and not ended.
        exchange: what is made of each request.
        noted: every request leaves something behind.
        hsts: said in every answer, with its CRLF, where TLS is spoken; else ``b""``.
        upgraded: those of them that speak another protocol by now.
        date: the ``Date`` field of this second.
        lasting: exchanges whose answers go on, and end with the token at the latest.
        lines, blocks: request lines and header sections that were read, by their bytes.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.loop = asyncio.get_running_loop()
        self.config = config
        self.bounds = config.bounds
        self.gateway_key = config.gateway_key
        self.pseudonyms = Pseudonyms(config.pairwise_key)
        self.tokens = Tokens(self.pseudonyms, self.bounds.tokens, config.now)
        self.replays = config.replays or Replays(Replays.file_for(_PROOFS))
        self.proofs = Proofs()
        self.batch = Batch(self)
        self.lasting: set[Exchange] = set()
        self.buckets: Limiter = config.limiter or Buckets(self.bounds.buckets)
        self.quotas: Quotas = config.quotas or OwnCounts(self.bounds.buckets)
        self.telemetry = Telemetry(self.bounds.series)
        self.usage = Usage(self.bounds.usage)
        self.cache = SharedCache(self.bounds)
        self.overload = Overload(self.bounds, self.telemetry, monotonic(), config.now)
        self.ids = Ids()
        self.log: AccessLog | None = (
            AccessLog(config.access_log, self.bounds.log_lines, self.telemetry, config.now)
            if config.access_log
            else None
        )
        self.spans = config.spans
        self.trail = config.trail
        self.exchange: type[Exchange] = Exchange if config.spans is None else Traced
        self.noted = self.log is not None or self.spans is not None
        self.tls = self._tls(config.tls) if config.tls else None
        self.hsts = HSTS + b"\r\n" if self.tls else b""
        self.policy: Policy | None = None
        self.policy_heard = monotonic()
        """When the control plane last said which policy is in force."""
        self.draining = False
        self.under_way = 0
        self.upgraded = 0
        self.date = b""
        self.lines: Recent[bytes, RequestLine] = Recent(self.bounds.heads)
        self.blocks: Recent[bytes, Fields] = Recent(self.bounds.heads)
        self._clients: set[ClientConnection] = set()
        self._upstreams: dict[bytes, Upstream] = {}
        self._listeners = Listeners(lambda: ClientConnection(self), self.tls, self.bounds)
        self._ticking: asyncio.TimerHandle | None = None
        self._tick()

    # Its life

    async def listen(self, sock: socket.socket) -> None:
        """Accept connections from ``sock``, which is bound."""
        await self._listeners.add(sock)

    def apply(self, text: bytes) -> Policy:
        """Put a snapshot in force: read whole, then one assignment.

        Args:
            text: a :class:`schemas.policy.Snapshot` in JSON.

        Raises:
            ValueError: it cannot be; what was in force still is.
        """
        return at_once(self._applying(orjson.loads(text)))

    async def change(self, text: bytes) -> Policy:
        """:meth:`apply` in slices, between which requests are served under what was in force.

        So is freed what no longer is. The garbage collector stays away meanwhile, and afterwards
        from all that is there now: one look at a large policy is a pause, and none of it is
        garbage.
        """
        before = self.policy
        gc.disable()
        try:
            snapshot = await in_slices(document(text))
            policy = await in_slices(self._applying(snapshot))
            await in_slices(emptied(snapshot["routes"]))
            if before is not None:
                await in_slices(before.let_go())
        finally:
            gc.freeze()
            gc.enable()
        return policy

    def _applying(self, snapshot: object) -> Work[Policy]:
        found: dict[bytes, Upstream] = {}

        def upstream(name: str, config: wire.Upstream) -> Upstream:
            key = orjson.dumps([name, config])
            found[key] = self._upstreams.get(key) or Upstream(
                name, config, self.bounds, self.loop, self.telemetry.upstream(name)
            )  # fmt: skip
            return found[key]

        loads = self.overload.loads()
        around = Surroundings(upstream, self.telemetry.of, self.config.workers, loads, self.cache)
        policy = yield from compiling(snapshot, around)
        self.policy = policy
        self._turn_day(monotonic())
        self.cache.keep_only(policy.kept, policy.purged)
        self.overload.adopt(loads, policy.emergency)
        for used in found.values():
            used.revive()
        for key, old in self._upstreams.items():
            if key not in found:
                old.retire()
        retired = {k: u for k, u in self._upstreams.items() if k not in found and u.busy}
        self._upstreams = found | retired
        self.telemetry.count("withdrawn", (yield from cut_withdrawn(list(self._clients), policy)))
        self.telemetry.count("policies_applied")
        return policy

    def load_last_good(self) -> bool:
        """Start on the policy of before, so that the city goes on without the control plane."""
        path = self.config.last_good
        if path is None or not path.exists():
            return False
        try:
            self.apply(path.read_bytes())
        except (OSError, ValueError):
            _log.exception("the last good policy in %s cannot be used", path)
            return False
        return True

    def keep(self, text: bytes) -> None:
        """Write the policy in force to where the next start finds it, whole or not at all."""
        path = self.config.last_good
        if path is None:
            return
        aside = path.with_suffix(f".{os.getpid()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.touch(mode=0o600)
            aside.write_bytes(text)
            aside.replace(path)
        except OSError:
            _log.exception("the policy could not be kept in %s", path)
            with suppress(OSError):
                aside.unlink(missing_ok=True)

    async def drain(self, grace: float, most: float) -> None:
        """Stop accepting; answers end their connections; wait for what is under way.

        Args:
            grace: seconds that resting connections have for one more request, whose answer ends
                them: a connection closed under a client's feet is a failed request.
            most: seconds after which whatever is left is cut.
        """
        self.draining = True
        began = monotonic()
        await self._listeners.give_up()
        while self._clients and monotonic() < began + most:
            if monotonic() >= began + grace:
                for client in [client for client in self._clients if client.rest()]:
                    client.transport.close()
            await asyncio.sleep(min(0.02, self.bounds.tick))

    async def close(self) -> None:
        """Cut what is left and let go of everything."""
        self._listeners.close()
        if self._ticking is not None:
            self._ticking.cancel()
        for client in list(self._clients):
            client.transport.abort()
        for upstream in self._upstreams.values():
            await upstream.close()
        if self.log is not None:
            await self.log.close()
        if self.trail is not None:
            await self.trail.close()
        await asyncio.sleep(0)
        self.replays.close()

    # What its connections ask of it

    def join(self, client: ClientConnection) -> bool:
        """Whether one more connection may be held."""
        self._clients.add(client)
        return len(self._clients) <= self.bounds.connections

    def leave(self, client: ClientConnection) -> None:
        self._clients.discard(client)

    def head(self, first: bytes, block: bytes) -> tuple[RequestLine, Fields, bytes]:
        """Request line, header section and proof, read now or remembered by their bytes.

        Raises:
            Refused: they are malformed, or contradict each other.
        """
        lines = self.lines
        line = lines.young.get(first) or lines.older(first)
        if line is None:
            line = RequestLine(first)
            if len(first) <= CACHED_LINE_BYTES:
                lines.put(first, line)
        fields, proof = self._fields(block)
        if line.authority and line.authority.lower() != fields.host.lower():
            raise malformed("The target's authority is not the Host field's.", "ambiguous")
        if line.http10 and fields.chunked:
            raise malformed("HTTP/1.0 has no chunks.", "ambiguous")
        return line, fields, proof

    def _fields(self, block: bytes) -> tuple[Fields, bytes]:
        blocks = self.blocks
        fields = blocks.young.get(block) or blocks.older(block)
        if fields is not None:
            return fields, b""
        rest, proof = without_proof(block)
        if proof:
            fields = blocks.young.get(rest) or blocks.older(rest)
            if fields is not None and not fields.full:
                return fields, proof
        fields = Fields(rest)
        if fields.proof or (proof and fields.full):  # it has another, or there are too many
            return Fields(block), b""
        if not fields.once and len(rest) <= CACHED_HEAD_BYTES:
            blocks.put(rest, fields)
        return fields, proof

    @property
    def connections(self) -> int:
        """Of clients, at the moment."""
        return len(self._clients)

    def as_json(self) -> dict[str, object]:
        """Counters and gauges of this worker, for :mod:`gateway.core.telemetry.exposition`."""
        return {
            **self.telemetry.as_json(),
            **self.cache.as_json(),
            "upstreams": (
                {name: each.as_json() for name, each in self.policy.upstreams.items()}
                if self.policy
                else {}
            ),
            "connections": self.connections,
            "under_way": self.under_way,
            "upgraded": self.upgraded,
            "buckets": len(self.buckets),
            "quotas": len(self.quotas),
            "near_quotas": self._near_quotas(),
            "policy_age": monotonic() - self.policy_heard,
            "spans_dropped": self.spans.dropped if self.spans else 0,
            "trail": self.trail.as_json() if self.trail else {},
            "tokens_verified": self.tokens.verified,
            "tokens_remembered": self.tokens.remembered,
            "proofs_verified": self.batch.verified,
            "revision": self.policy.revision if self.policy else "",
            "ready": self.policy is not None and not self.draining,
            "tls_handshakes": len(self.tls.handshakes) if self.tls else 0,
            "tls_not_after": self.tls.not_after if self.tls else None,
            "overload": self.overload.as_json(),
        }

    def _near_quotas(self) -> list[tuple[str, str, float]]:
        """Clients, routes and shares of quotas nearly used up; never an address."""
        known = self.policy.clients if self.policy else {}
        near = ((key, share) for key, share in self.quotas.near() if isinstance(key, tuple))
        found = [(who, route, share) for (who, route), share in near if who in known]
        return sorted(found, key=lambda each: -each[2])[:_MOST_NEAR]

    def _tls(self, files: TlsFiles) -> Tls:
        handshakes = Handshakes(self.bounds.handshakes, self.bounds.head + self.bounds.linger)
        return Tls(files, self.telemetry, self._plain_http, handshakes)

    def _plain_http(self) -> bytes:
        """To a client that speaks plain HTTP where TLS is spoken."""
        answer = reply.PLAIN_HTTP
        return b"%b%b\r\nconnection: close\r\n\r\n%b" % (answer.head, self.date, answer.body)

    # The clock

    def _turn_day(self, now: float) -> None:
        """The day in the policy's zone, whose end is told to clients."""
        zone = self.policy.zone if self.policy else UTC
        self.quotas.turn(day_of(self.config.now(), now, zone))

    def _tick(self) -> None:
        now = monotonic()
        self._ticking = self.loop.call_later(self.bounds.tick, self._tick)
        date = b"date: " + formatdate(self.config.now(), usegmt=True).encode()
        if date != self.date:  # once a second
            self.date = date
            cut_ended(self.lasting, self.config.now())
        if self.tls is not None:
            self.tls.look(now)
        for client in [client for client in self._clients if client.deadline <= now]:
            client.expire()
        for upstream in self._upstreams.values():
            upstream.tick(now)
        self.buckets.forget_full(now)
        self._turn_day(now)
        self.cache.tick(now)
        self.overload.tick(now)
        if self.trail is not None:
            self.trail.tick(now, self.config.now())
        if self.log is not None:
            self.log.flush()
