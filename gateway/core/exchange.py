"""One request and its answer, from the client's side to the upstream's and back."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from gateway.core.answer import Answer
from gateway.core.body import Body, Chunked, UntilClose, chunk, last_chunk
from gateway.core.ids import traceparent
from gateway.core.reply import Reply
from gateway.core.telemetry import ANYBODY

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.connection import UpstreamConnection
    from gateway.core.grant import Grant
    from gateway.core.head import Fields
    from gateway.core.policy import Policy, Route
    from gateway.core.server import ClientConnection
    from gateway.core.target import RequestLine
    from gateway.core.telemetry import Stats

_REPEATABLE = frozenset((b"GET", b"HEAD", b"OPTIONS"))
"""Methods that may be sent a second time without asking (RFC 9110 §9.2.1)."""


class Exchange:
    """What is known of one request while it is under way.

    Attributes:
        began: on the loop's clock.
        body: what is still to come of the request's body; None if it has none.
        sent: the request has arrived whole.
        begun: the head of the answer is on its way to the client.
        alive: neither ended nor given up.
        admitted: it has passed every step, and went to its upstream.
        plain: has no body, and its answer is passed on with its content.
        held: had to wait for a connection.
        repeatable: may go out a second time if its connection turns out to be closed.
        close: the client's connection ends with this answer.
        rate_fields: ``RateLimit`` fields of the answer, and what else the gateway adds to it.
        watcher: is told of the answer's head, where somebody must know of it.
        route, grant, policy: given by the steps of :mod:`gateway.core.pipeline`, in which each is
            there for the steps after.
    """

    __slots__ = (
        "_chunks", "_core", "_path", "_query", "admitted", "alive", "began", "began_body",
        "begun", "body", "bytes_out", "client", "close", "connection", "fields", "grant", "held",
        "http10", "is_head", "line", "method", "method_sent", "plain", "policy", "rate_fields",
        "repeatable", "request_id", "route", "routed", "segments", "sent", "stats", "status",
        "unsent", "upload", "watcher",
    )  # fmt: skip

    policy: Policy
    route: Route
    grant: Grant

    def __init__(
        self, core: Core, client: ClientConnection, line: RequestLine, fields: Fields, began: float
    ) -> None:
        self._core = core
        self.client = client
        method = self.method = self.method_sent = line.method
        self.line = line
        self.fields = fields
        self.http10 = line.http10
        self.began = self.began_body = began
        self.request_id = fields.request_id or core.ids.trace_id()
        self.segments = line.segments
        self._path, self._query = line.path, line.query
        self.is_head = method == b"HEAD"
        self.body: Body | None = None
        self.sent = True
        self.repeatable = method in _REPEATABLE
        self.plain = not self.is_head
        self.held = False
        self.close = line.http10 or fields.close
        self.connection: UpstreamConnection | None = None
        self.stats: Stats = core.telemetry.unrouted
        self.routed = False
        self.alive = True
        self.admitted = False
        self.begun = False
        self.status = 0
        self.upload = 0
        self.bytes_out = 0
        self.unsent = b""
        self.rate_fields = b""
        self.watcher: Callable[[Exchange, Answer], None] | None = None
        self._chunks = False

    # The way out

    def take(self, route: Route) -> None:
        """``route`` it is. HEAD where there is only GET is asked as GET: many APIs know no HEAD."""
        self.route = route
        self.routed = True
        self.stats = route.stats[ANYBODY]
        self.method_sent = route.method

    def replace_segment(self, index: int, segment: bytes) -> None:
        parts = self._path.split(b"/")
        parts[index + 1] = segment
        self._path = b"/".join(parts)

    def question(self) -> tuple[bytes, bytes, bytes]:
        """Host, path and query, as they were asked."""
        return self.fields.host, self._path, self._query

    def outgoing(self) -> bytes:
        """The request as the upstream gets it: head, and what of the body has arrived."""
        core, fields, route = self._core, self.fields, self.route
        upstream = route.upstream
        path = self._path
        if route.strip:
            path = b"/" + b"/".join(path.split(b"/")[route.strip + 1 :])
        trace = fields.traceparent or traceparent(
            self.request_id if not fields.request_id else core.ids.trace_id()
        )
        unsent, self.unsent = self.unsent, b""
        return b"".join((
            self.method_sent, b" ", path, self._query,
            b" HTTP/1.1\r\nhost: ", upstream.host or fields.host, b"\r\n",
            fields.forward,
            self._identity(),
            self.client.origin.fields(fields.host, self.policy.scheme),
            b"x-request-id: ", self.request_id, b"\r\ntraceparent: ", trace,
            self._framing(),
            unsent,
        ))  # fmt: skip

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
        if self.connection is None:
            self.unsent += content
            return
        if content:
            self.connection.write(content)
        if body.done:
            self.connection.sent()

    # The way back

    def interim(self, answer: Answer) -> None:
        """An informational answer; HTTP/1.0 has none (RFC 9110 §15.2)."""
        if not self.http10:
            self.client.write(b"\r\n".join((*answer.lines, b"", b"")))

    def begin_answer(self, answer: Answer, body: Body, content: bytes) -> None:
        """Head and first content, in one write."""
        self.begun = True
        self.status = status = answer.status
        if self.watcher is not None:
            self.watcher(self, answer)
        lines = answer.lines
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
        # asked as late as can be: a drain may have begun since the request came
        if self.close or self._core.draining or not self.sent:
            self.close = True
            lines.append(b"connection: close")
        if self.is_head:
            content = b""
        elif self._chunks:
            content = self._in_chunks(content, body)
        self.bytes_out = len(content)
        if self.rate_fields:
            lines.append(self.rate_fields)
        lines += (b"", content)
        self.client.write(b"\r\n".join(lines))

    def continue_answer(self, body: Body, content: bytes) -> None:
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
        end = b"\r\nconnection: close\r\n\r\n" if self._closes() else b"\r\n\r\n"
        self.client.write(b"".join((
            front, b"\r\nx-request-id: ", self.request_id,
            b"\r\n" if self.rate_fields else b"", self.rate_fields, end, content,
        )))  # fmt: skip
        self.end()

    def _closes(self) -> bool:
        """Whether the client's connection ends with this answer; asked as late as can be."""
        self.close = self.close or self._core.draining or not self.sent
        return self.close

    # The end

    def end(self) -> None:
        """The answer is written to its end."""
        self._count()
        self.client.ended(self)

    def refuse(self, answer: Reply) -> None:
        """The core's own answer instead of an upstream's."""
        self.stats.reject(answer.reason)
        self._give(answer)

    def fail(self, answer: Reply, kind: str) -> None:
        """The upstream failed: the client is told, or cut off if it has the beginning already."""
        self.stats.fail(kind)
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
        self.client.write_reply(answer, self.request_id, self.is_head, self.close)
        self._count()
        self.client.ended(self)

    def _count(self) -> None:
        if self.alive:
            self.alive = False
            seconds = monotonic() - self.began
            self.stats.observe(self.status, seconds)
            if self.admitted:
                self.stats.in_flight -= 1
            self._core.under_way -= 1
            if self._core.log is not None:
                self._core.log.note(self, seconds)
