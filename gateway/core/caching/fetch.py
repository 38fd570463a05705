"""One question to an upstream on behalf of all clients that ask it at the moment.

A :class:`Fetch` goes upstream in place of their exchanges. When its answer is one to keep, it is
gathered whole, kept, and given to all of them. When it is not, the first of them takes over the
connection, and the answer is streamed to it as on any other route; the others ask for themselves.
"""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final, cast

from gateway.core import reply
from gateway.core.caching.asked import Asked, opaque
from gateway.core.caching.freshness import STATUSES, Terms, gathered, read_terms, spent
from gateway.core.caching.stored import NAME, Stored
from gateway.core.exchange import Exchange
from gateway.core.http.head import Fields
from gateway.core.http.target import RequestLine
from gateway.core.telemetry import timing

if TYPE_CHECKING:
    from gateway.core.caching.kept_route import KeptRoute
    from gateway.core.caching.shelf import Question
    from gateway.core.http.answer import Answer
    from gateway.core.http.body import Body
    from gateway.core.origin import Origin
    from gateway.core.reply import Reply
    from gateway.core.server import ClientConnection

ERRORS: Final = frozenset((500, 502, 503, 504))
"""What ``stale-if-error`` takes for an error (RFC 5861 §4)."""


class Asker:
    """Stands where a client's connection would: nobody to slow down, a deadline to keep."""

    __slots__ = ("deadline", "origin", "source")

    def __init__(self, origin: Origin, source: str) -> None:
        self.origin = origin
        self.source = source
        self.deadline = inf

    def pause_body(self) -> None:
        """There is no body."""

    def carried(self, exchange: Exchange) -> None:
        self.deadline = inf

    def wait_for_upstream(self, seconds: float) -> None:
        self.deadline = monotonic() + seconds


class Fetch(Exchange):
    """Args:
    first: who asks, or in whose name a stale answer is asked for anew.
    question, asked: what is asked for.
    stored: what is kept and may still hold; its validators are sent.
    why: ``fwd`` of ``Cache-Status``.

    Attributes:
        target: the question.
        waiting: who gets the answer, with what each asked; the first leads.
        wanted: the answer may be kept; False once it is outdated.
    """

    __slots__ = (
        "_head", "_leader", "_lines", "_pieces", "_received", "_terms", "asked", "key",
        "stored", "target", "waiting", "wanted", "way", "why",
    )  # fmt: skip

    key: tuple[Question, tuple[bytes | None, ...]]

    def __init__(
        self, way: KeptRoute, first: Exchange, question: Question, asked: Asked,
        stored: Stored | None, why: bytes,
    ) -> None:  # fmt: skip
        host, path, query = question
        line = RequestLine(b"GET %b%b HTTP/1.1" % (path, query))
        fields = Fields(b"host: %b\r\n" % host + _fields(first, asked, stored))
        asker = cast("ClientConnection", Asker(first.client.origin, first.client.source))
        super().__init__(first._core, asker, line, fields, monotonic())
        self.route, self.routed = first.route, True
        self.start = first.route.start(path, query)
        self.stats = first.stats
        self.policy = first.policy
        if first.route.access != "open":
            self.grant = first.grant
        self.request_id = first.request_id
        self.way, self.target, self.asked = way, question, asked
        self.stored, self.why = stored, why
        self.waiting: list[tuple[Exchange, Asked]] = []
        self.wanted = True
        self._leader: Exchange | None = None
        self._head: Answer | None = None
        self._lines: list[bytes] = []  # of what is to be kept
        self._terms: Terms | None = None  # it is being gathered, to be kept on these
        self._pieces: list[bytes] = []
        self._received = 0

    # What the upstream's connection reports

    def interim(self, answer: Answer) -> None:
        """Informational answers are for one client, and here there are many."""

    def begin_answer(self, answer: Answer, body: Body, content: bytes) -> None:
        self.begun = True
        stored = self.stored
        self.status = answer.status
        self._head = answer
        self._lines = answer.lines if answer.dated else [*answer.lines, self._core.date]
        if answer.status == 304 and stored is not None and stored.validators():
            self._confirm(stored)
        elif answer.status in ERRORS and self._may_be_stale():
            self.stats.fail("error")
            self.serve_stale()
        else:
            self._terms = self._read(answer.status)
            if self._terms is None or answer.length > self.way.most:
                self._hand_over(answer, body, content)
            else:
                self.continue_answer(body, content)

    def _read(self, status: int) -> Terms | None:
        return read_terms(
            status, self._lines[1:], authorized=self.way.authorized,
            now=self._core.config.now(), waited=monotonic() - self.began,
        )  # fmt: skip

    def continue_answer(self, body: Body, content: bytes) -> None:
        if self._terms is None or self._head is None:
            return
        self._pieces.append(content)
        self._received += len(content)
        if self._received > self.way.most:
            self._hand_over(self._head, body, b"".join(self._pieces))

    def end(self) -> None:
        """The answer is here to its end, or nobody needs the rest."""
        if self._leader is not None:
            self._leader.end()
            return
        self._done()
        if self._terms is not None:
            self._keep(self._terms, b"".join(self._pieces))

    def fail(self, answer: Reply, kind: str) -> None:
        """The upstream failed: everybody gets what is stale, if that is allowed, or is told."""
        self._done()
        if self._may_be_stale():
            self.stats.fail(kind)
            self.serve_stale()
        for exchange, _ in self._taken():
            if exchange.alive:
                exchange.fail(answer, kind)

    # What becomes of it

    def _confirm(self, stored: Stored) -> None:
        """304: what is kept still holds, on new terms (RFC 9111 §4.3.4)."""
        tag = gathered(self._lines[1:]).get(b"etag", stored.etag)
        if opaque(tag) != opaque(stored.etag):  # it speaks of another answer than the kept one
            self.way.forget(self.target)
            self._scatter(self._taken())
            return
        self._lines = stored.freshened(self._lines)
        self._terms = self._read(stored.status) or spent(stored.vary)
        self._pieces = [stored.body]
        self.status = stored.status
        self.why += b"; fwd-status=304"

    def _keep(self, terms: Terms, body: bytes) -> None:
        now = monotonic()
        stored = Stored(self.status, self._lines, body, terms, now, self.began)
        if not terms.kept:
            self.way.forget(self.target)
        elif self.wanted and self.began >= self.way.holder.changed:
            self.way.keep(self.target, self.asked, stored)
        self._share(stored, now)

    def _share(self, stored: Stored, now: float) -> None:
        """Give what came to all who wait and asked the same."""
        choice = self.asked.selected(stored.vary)
        others = self._taken()
        if others and others[0][1] is self.asked:
            leader, asked = others.pop(0)
            if leader.alive:
                stored.serve_on_terms(leader, asked, now, b"fwd=%b; stored" % self.why)
        for exchange, asked in others:
            if not exchange.alive:
                continue
            if asked.selected(stored.vary) != choice:
                self.way.send(exchange)
            elif now < stored.stale_until:
                exchange.stats.cached("collapsed")
                stored.serve_on_terms(exchange, asked, now, b"fwd=%b; collapsed" % self.why)
            else:  # fresh for no one but who asked first
                self.way.pass_on(exchange, self.why)

    def _hand_over(self, answer: Answer, body: Body, content: bytes) -> None:
        """Not to be kept: the first who still waits takes the connection over."""
        self._done()
        self._terms = None
        self._pieces.clear()
        if answer.status < 400 or answer.status in STATUSES:  # else it says nothing of the rest
            self.way.refuse_to_keep(self.target)
        waiting = [(exchange, asked) for exchange, asked in self._taken() if exchange.alive]
        connection = self.connection
        if not waiting or connection is None:
            self._core.loop.call_soon(self._let_go)
            return
        leader = self._leader = waiting.pop(0)[0]
        leader.connection, connection.exchange = connection, leader
        leader.add_field(b"cache-status: %b; fwd=%b" % (NAME, self.why))
        if timing.wanted(leader):
            timing.watch(leader, self.began)
        leader.begin_answer(answer, body, b"" if leader.is_head else content)
        self._scatter(waiting)

    def _let_go(self) -> None:
        """Nobody wants what is still to come."""
        connection = self.connection
        if connection is not None and connection.exchange is self:
            connection.abandon()

    def _scatter(self, waiting: list[tuple[Exchange, Asked]]) -> None:
        for exchange, _ in waiting:
            if exchange.alive:
                self.way.pass_on(exchange, self.why)

    # Stale answers

    def _may_be_stale(self) -> bool:
        return self.stored is not None and monotonic() < self.stored.error_until

    def serve_stale(self) -> None:
        """``stale-if-error``: all who wait get what is kept; for a while nobody asks again."""
        stored = self.stored
        if stored is None:
            return
        now = monotonic()
        stored.retry_at = now + self._core.bounds.cache_retry
        for exchange, asked in self._taken():
            if exchange.alive:
                exchange.stats.cached("stale")
                how = b"fwd=stale; detail=stale-if-error"
                stored.serve_on_terms(exchange, asked, now, how)

    def tick(self, now: float) -> None:
        """Too slow is an error too, where something stale may stand in for it."""
        asker = cast(Asker, self.client)
        if asker.deadline <= now:
            self.fail(reply.UPSTREAM_BUSY, "busy")
            return
        late = [one for one in self.waiting if one[0].due <= now]
        if late:
            self._give_up(late, now)
        if (
            self.waiting
            and now - self.began > self._core.bounds.cache_patience
            and self._may_be_stale()
        ):
            self.stats.fail("slow")
            self.serve_stale()

    def _give_up(self, late: list[tuple[Exchange, Asked]], now: float) -> None:
        """Whose own time is over waits no longer; the rest do, and so does the question."""
        self.waiting = [one for one in self.waiting if one[0].due > now and one[0].alive]
        stored = self.stored if self._may_be_stale() else None
        for exchange, asked in late:
            if not exchange.alive:
                continue
            if stored is None:
                exchange.fail(reply.DEADLINE, "deadline")
            else:
                exchange.stats.cached("stale")
                stored.serve_on_terms(exchange, asked, now, b"fwd=stale; detail=stale-if-error")

    def _taken(self) -> list[tuple[Exchange, Asked]]:
        """Who waits; from now on nobody does."""
        waiting, self.waiting = self.waiting, []
        return waiting

    def _done(self) -> None:
        self.alive = False
        self.way.ended(self)


def _fields(first: Exchange, asked: Asked, stored: Stored | None) -> bytes:
    """Header fields for the upstream. Credentials and cookies are not among them: what is kept
    must not depend on them."""
    fields, context = first.fields, first.trace_context()
    trace = b"x-request-id: %b\r\n" % fields.request_id if fields.request_id else b""
    if context:
        trace += b"traceparent: %b\r\n" % context
    return asked.forward + trace + (stored.validators() if stored else b"")
