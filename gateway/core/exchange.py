"""One request and its answer, from the client's side to the upstream's and back."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from gateway.core.consent.limited import Limited, asked_plainly
from gateway.core.http.answer import Answer
from gateway.core.http.body import WHOLE, Body, Chunked, UntilClose, chunk, last_chunk
from gateway.core.ids import traceparent
from gateway.core.overload.admission import share_capacity
from gateway.core.reply import Refused, Reply, challenged
from gateway.core.telemetry import timing
from gateway.core.tls import HSTS
from gateway.core.upgrade import Tunnel, agreed

if TYPE_CHECKING:
    from gateway.core.access.grant import Grant
    from gateway.core.app import Core
    from gateway.core.http.head import Fields
    from gateway.core.http.target import RequestLine
    from gateway.core.origin import Origin
    from gateway.core.overload.admission import Taken
    from gateway.core.policy.policy import Policy, Route
    from gateway.core.server import ClientConnection
    from gateway.core.telemetry.telemetry import Stats
    from gateway.core.trail.hold import Noted
    from gateway.core.upstreams.address import Address
    from gateway.core.upstreams.connection import UpstreamConnection
    from gateway.core.upstreams.upstream import Upstream
    from schemas.consent import Consent

CONTINUE = 100


class Exchange:
    """What is known of one request while it is under way.

    Every request makes one of these: what the request line or the header section knows already is
    asked of them, not copied.

    Attributes:
        began: on the loop's clock; ``ended`` too, once it has.
        body: what is still to come of the request's body; None if it has none.
        sent: the request has arrived whole.
        begun: the head of the answer is on its way to the client.
        alive: neither ended nor given up.
        admitted: it has passed every step, and went to its upstream.
        plain: has no body still to come, and its answer is passed on with its content.
        held: had to wait for a connection.
        tried: addresses that failed it.
        repeatable: may go out a second time if its connection turns out to be closed.
        close: the client's connection ends with this answer.
        told: the client knows that it may send its body, or never asked.
        hop: more of what is said to the upstream of its connection alone.
        upgrade: the protocol that the client may have instead of HTTP; ``b""`` if none.
        load: its place under its server's limit.
        rate_fields: ``RateLimit`` fields of the answer, and what else the gateway adds to it.
        proof: of possession of the token's key (RFC 9449), as it was sent; ``b""`` if none.
        start: what goes upstream before the ``Host``.
        watcher: is told of the answer's head, where somebody must know of it.
        access: on a personal route, what must be on disk before the answer leaves.
        consent: the one under which it asks, and ``purpose`` that of it; None where none is needed.
        limit: what of the answer may pass, where that is not all of it.
        lasts_until: the end of ``consent`` in seconds since the epoch; on a route whose answers go
            on, of the token too.
        caller: the client's id, once it is known; ``""`` until then, and on open routes.
        fault: the core's own word for what went wrong.
        route, grant, policy: given by the steps of :mod:`gateway.core.pipeline`, in which each is
            there for the steps after.
    """

    __slots__ = (
        "_chunks", "_core", "access", "admitted", "alive", "began", "began_body", "begun", "body",
        "bytes_out", "caller", "client", "close", "connection", "consent", "ended", "fault",
        "fields", "grant", "held", "hop", "lasts_until", "limit", "line", "load", "plain", "policy",
        "proof", "purpose", "rate_fields", "repeatable", "request_id", "route", "routed", "sent",
        "start", "stats", "status", "told", "tried", "unsent", "upgrade", "upload", "watcher",
    )  # fmt: skip

    policy: Policy
    route: Route
    grant: Grant

    def __init__(
        self, core: Core, client: ClientConnection, line: RequestLine, fields: Fields,
        began: float, proof: bytes = b"",
    ) -> None:  # fmt: skip
        self._core = core
        self.client = client
        self.line = line
        self.fields = fields
        self.proof = proof or fields.proof
        self.began = self.began_body = began
        self.request_id = fields.request_id or core.ids.trace_id()
        self.body: Body | None = None
        self.sent = self.alive = True
        self.repeatable = line.repeatable
        self.plain = not line.is_head
        self.close = line.http10 or fields.close
        self.connection: UpstreamConnection | None = None
        self.stats: Stats = core.telemetry.unrouted
        self.held = self.routed = self.admitted = self.begun = self._chunks = False
        self.status = self.upload = self.bytes_out = 0
        self.unsent = self.rate_fields = self.hop = self.upgrade = b""
        self.told = line.http10 or not fields.expects
        self.tried: tuple[Address, ...] = ()
        self.load: Taken | None = None
        self.watcher: Callable[[Exchange, Answer], None] | None = None
        self.access: Noted | None = None
        self.limit: Limited | None = None
        self.consent: Consent | None = None
        self.purpose = self.caller = self.fault = ""
        self.lasts_until: float = inf

    @property
    def method(self) -> bytes:
        return self.line.method

    @property
    def method_sent(self) -> bytes:
        """HEAD where there is only GET is asked as GET: many APIs know no HEAD."""
        return self.route.method

    @property
    def segments(self) -> list[bytes]:
        return self.line.segments

    @property
    def http10(self) -> bool:
        return self.line.http10

    @property
    def is_head(self) -> bool:
        return self.line.is_head

    @property
    def due(self) -> float:
        """When the client waits no longer for the head of the answer, by its own word."""
        return self.began + self.fields.timeout if self.fields.timeout else inf

    # The way out

    def replace_segment(self, index: int, segment: bytes) -> None:
        parts = self.line.path.split(b"/")
        parts[index + 1] = segment
        self.start = self.route.start(b"/".join(parts), self.line.query)

    def limit_answer(self, limit: Limited) -> None:
        """No more of the answer passes than ``limit`` lets."""
        self.limit = limit
        self.plain = False

    def question(self) -> tuple[bytes, bytes, bytes]:
        """Host, path and query, as they were asked."""
        return self.fields.host, self.line.path, self.line.query

    def trace_context(self) -> bytes:
        """The ``traceparent`` of whoever asks an API on this request's behalf; ``b""`` if none."""
        return self.fields.traceparent

    def outgoing(self) -> bytes:
        """The request as the upstream gets it: head, and what of the body has arrived."""
        fields, route = self.fields, self.route
        upstream = route.upstream
        by = None if route.access == "open" else self.limit or self.grant.consents
        if fields.sealed_for is not upstream or fields.sealed_by is not by:
            self._seal(fields, upstream, by)
        origin = self.client.origin
        said = origin.said if origin.host == fields.host else self._said(origin)
        name = self.request_id
        shown = by is None and self.proof
        if fields.bare and self.line.usual and not shown:  # the common case, in one piece
            return b"%b%b%bx-request-id: %b\r\ntraceparent: 00-%b-%b-00\r\n\r\n" % (
                self.start, fields.sealed, said, name, name, name[16:],
            )  # fmt: skip
        if self.http10:  # `Via` names the protocol that was received (RFC 9110 §7.6.3)
            said = said.replace(b"via: 1.1 ", b"via: 1.0 ")
        trace = fields.traceparent or traceparent(
            self._core.ids.trace_id() if fields.request_id else name
        )
        if fields.timeout:  # what is left of it
            trace += b"\r\nrequest-timeout: %.3f" % max(0.001, self.due - monotonic())
        if timing.wanted(self):
            timing.watch(self, monotonic())
        unsent, self.unsent = self.unsent, b""
        return b"".join((
            self.start, fields.sealed, said,
            b"x-request-id: ", name, b"\r\ntraceparent: ", trace,
            b"" if self.http10 else fields.hop, self.hop,
            self._shown_proof() if shown else b"", self._framing(), unsent,
        ))  # fmt: skip

    def _seal(self, fields: Fields, upstream: Upstream, by: object) -> None:
        """Host, the client's fields and its identity, as ``upstream`` gets them each time."""
        host = upstream.host or fields.host
        forward = fields.forward
        if self.limit is not None:
            forward = asked_plainly(forward, safe=self.line.repeatable)
        fields.sealed = b"%b\r\n%b%b" % (host, forward, self._identity())
        fields.sealed_for, fields.sealed_by = upstream, by

    def _said(self, origin: Origin) -> bytes:
        return origin.fields(self.fields.host, self.policy.scheme)

    def _identity(self) -> bytes:
        core, route = self._core, self.route
        key = core.gateway_key if route.upstream.internal else b""
        if route.access != "open":
            return self.grant.identity(route.upstream.sector, key, core.pseudonyms)
        # Nobody is identified here; the API behind may read credentials itself. What was meant for
        # the city (its tokens, its cookies) is shown to the city's own APIs only.
        fields = self.fields
        said = b"x-city-gateway-key: %b\r\n" % key if key else b""
        if fields.authorization and (key or not fields.token):
            said += b"authorization: %b\r\n" % fields.authorization
        if fields.cookie and key:
            said += b"cookie: %b\r\n" % fields.cookie
        return said

    def _shown_proof(self) -> bytes:
        """The proof, where the API behind reads it itself; it is never the same, so not sealed."""
        shown = self.route.upstream.internal and self._core.gateway_key
        return b"\r\ndpop: %b" % self.proof if shown else b""

    def _framing(self) -> bytes:
        if self.fields.chunked:
            return b"\r\ntransfer-encoding: chunked\r\n\r\n"
        if self.fields.length >= 0:
            return b"\r\ncontent-length: %d\r\n\r\n" % self.fields.length
        return b"\r\n\r\n"

    def upload_piece(self, content: bytes, body: Body) -> None:
        """A piece of the request's body; ``body.done`` says whether it was the last."""
        if isinstance(body, Chunked):
            content = chunk(content) if content else b""
            if body.done:
                content += last_chunk(body.trailers)
        self.sent = body.done
        self.plain = body.done and not self.line.is_head and self.limit is None
        if self.connection is None:
            self.unsent += content
            return
        if content:
            self.connection.write(content)
        if body.done:
            self.connection.sent()

    # The way back

    def interim(self, answer: Answer) -> None:
        """An informational answer; HTTP/1.0 has none (RFC 9110 §15.2). ``100`` is for those who
        asked for it, once. Under a limit nothing else passes before the answer is known."""
        self.repeatable = False  # something was sent back
        if answer.status == CONTINUE:
            self.go_on()
        elif not self.http10 and self.limit is None:
            self.client.write(b"\r\n".join((*answer.lines, b"", b"")))

    def go_on(self) -> None:
        """The client may send its body, if it still waits to be told."""
        if self.alive and not (self.told or self.begun):
            self.told = True
            self.client.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def switch(
        self, answer: Answer, connection: UpstreamConnection, head: bytes, early: bytes
    ) -> None:
        """``101``, whose bytes are ``head``: what comes after it is :attr:`upgrade`.

        Raises:
            Malformed: that is not what the upstream was asked for.
        """
        agreed(self.upgrade, head)
        self.begun = self.told = True
        self.status = answer.status
        if self.access is None or not self.access.defer(
            self, lambda: self._open_tunnel(answer, connection, early)
        ):
            self._open_tunnel(answer, connection, early)

    def _open_tunnel(self, answer: Answer, connection: UpstreamConnection, early: bytes) -> None:
        self.client.write(b"\r\n".join((
            *answer.lines, b"x-request-id: " + self.request_id,
            b"connection: upgrade", b"upgrade: " + self.upgrade, b"", b"",
        )))  # fmt: skip
        Tunnel(self._core, self, connection).open(early)

    def begin_answer(self, answer: Answer, body: Body, content: bytes) -> None:
        """Head and first content, in one write."""
        if self.limit is not None:
            self.limit.begin(self, answer, body, content)
            return
        self.begun = True
        self.status = status = answer.status
        if self.watcher is not None or self.access is not None:
            self._tell_of(answer, body)
        if (
            body is WHOLE and answer.dated and self.sent
            and not (self.close or self._core.draining)
        ):  # fmt: skip
            self._answer_whole(answer, content)
            return
        lines = answer.lines.copy()
        lines.append(b"x-request-id: " + self.request_id)
        if not answer.dated:
            lines.append(self._core.date)
        if status != 204:
            if answer.length >= 0:
                lines.append(b"content-length: %d" % answer.length)
            elif isinstance(body, Chunked | UntilClose) and not self.is_head:
                self._chunks = not self.http10
                self.close = self.close or self.http10
                if self._chunks:
                    lines.append(b"transfer-encoding: chunked")
        if self._closes():
            lines.append(b"connection: close")
        if self.is_head:
            content = b""
        elif self._chunks:
            content = self._in_chunks(content, body)
        self.bytes_out = len(content)
        lines += self._added()
        lines += (b"", content)
        self.client.write(b"\r\n".join(lines))

    def _tell_of(self, answer: Answer, body: Body) -> None:
        if self.watcher is not None:
            self.watcher(self, answer)
        if self.access is not None:
            self.access.hold(self, body)

    def _added(self) -> list[bytes]:
        """Fields that the gateway adds to the API's."""
        added = [self.rate_fields] if self.rate_fields else []
        return [*added, HSTS] if self._core.hsts else added

    def _answer_whole(self, answer: Answer, content: bytes) -> None:
        """The common case: all is here, and nothing about it ends the connection."""
        self.bytes_out = len(content)
        transport = self.client.transport
        if not transport.is_closing():
            rate = self.rate_fields
            transport.write(b"".join((
                answer.whole, self.request_id, b"\r\n", self._core.hsts,
                rate, b"\r\n\r\n" if rate else b"\r\n", content,
            )))  # fmt: skip

    def continue_answer(self, body: Body, content: bytes) -> None:
        if self.limit is not None:
            self.limit.go_on(self, body, content)
            return
        if self._chunks:
            content = self._in_chunks(content, body)
        if content and not self.is_head:
            self.bytes_out += len(content)
            self.client.write(content)

    def _in_chunks(self, content: bytes, body: Body) -> bytes:
        content = chunk(content) if content else b""
        if body.done:
            content += last_chunk(body.trailers if isinstance(body, Chunked) else b"")
        return content

    def take_place(self) -> Reply | None:
        """A place under its server's limit, where no step has taken one.

        Returns:
            What to refuse it with if there is none.
        """
        try:
            share_capacity(self._core, self)
        except Refused as refused:
            return refused.reply
        return None

    def add_field(self, line: bytes) -> None:
        """One more field of the answer, without CRLF."""
        self.rate_fields += b"\r\n" + line if self.rate_fields else line

    def serve(self, status: int, front: bytes, content: bytes) -> None:
        """An answer that was kept, in one write: ``front`` is its head as far as all share it."""
        self.begun = True
        self.status = status
        if self.is_head:
            content = b""
        self.bytes_out = len(content)
        if timing.wanted(self):
            self.add_field(timing.kept(self))
        end = b"connection: close\r\n\r\n" if self._closes() else b"\r\n"
        rate = self.rate_fields
        self.client.write(b"".join((
            front, b"\r\nx-request-id: ", self.request_id, b"\r\n", self._core.hsts,
            rate, b"\r\n" if rate else b"", end, content,
        )))  # fmt: skip
        self.end()

    def _closes(self) -> bool:
        """Whether the client's connection ends with this answer; asked as late as can be: a drain
        may have begun since the request came."""
        self.close = self.close or self._core.draining or not self.sent
        return self.close

    # The end

    def end(self) -> None:
        """The answer is written to its end."""
        self._count()
        self.client.ended(self)

    def refuse(self, answer: Reply) -> None:
        """The core's own answer instead of an upstream's; one without a reason is no refusal."""
        if answer.reason:
            self.stats.reject(answer.reason)
            self.fault = answer.reason
            if self._core.trail is not None:
                self._core.trail.note_refusal(self._core, self, answer)
        self._give(answer)

    def fail(self, answer: Reply, kind: str) -> None:
        """The upstream failed: the client is told, or cut off if it has the beginning already."""
        self.stats.fail(kind)
        self.fault = kind
        if self.begun:
            self._count()
            self.client.cut()
        else:
            self._give(answer)

    def cut(self, answer: Reply) -> None:
        """The client broke the rules while its body was under way."""
        if self.connection is not None:
            self.connection.abandon()
        if self.begun:
            self._count()
            self.client.cut()
        else:
            self.refuse(answer)

    def abandon(self) -> None:
        """The client has gone."""
        if self.connection is not None:
            self.connection.abandon()
        self._count()

    def _give(self, answer: Reply) -> None:
        self.status = answer.status
        self.close = self.close or self._core.draining or not self.sent
        self.bytes_out = 0 if self.is_head else len(answer.body)
        head = answer.head
        if answer.status in (401, 403) and self.routed:
            head = challenged(answer, self.policy.metadata, bound=self.fields.bound)
        self.client.write_reply(answer, self.request_id, self.is_head, self.close, head)
        self._count()
        self.client.ended(self)

    def _count(self) -> None:
        if self.alive:
            self.alive = False
            self.ended = monotonic()
            seconds = self.ended - self.began
            stats = self.stats
            bucket = stats.observe(self.status, seconds)
            if self.caller:
                self._core.usage.note(self.caller, self.route.id, self.status, bucket, self.fault)
            if self.access is not None:
                self.access.answered(self.status)
            if self.admitted:
                stats.in_flight -= 1
            if self.load is not None:
                self.load.ended(self, seconds)
            self._core.under_way -= 1
            if self._core.log is not None:
                self._core.log.note(self, seconds)
