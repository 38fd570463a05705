"""One connection to an upstream: carries one exchange at a time, then rests in its pool."""

from __future__ import annotations

import asyncio
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final, cast

from gateway.core.bounds import ANSWER_HEAD_BYTES
from gateway.core.http.answer import heads, read
from gateway.core.http.body import WHOLE, Body, Malformed, UntilClose

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange
    from gateway.core.upstreams.address import Address
    from gateway.core.upstreams.upstream import Upstream

SWITCHING_PROTOCOLS: Final = 101


class UpstreamConnection(asyncio.Protocol):
    """The gateway's side of a connection to an API.

    Attributes:
        asked: when the request in hand was out to its end.
        exchange: what it carries; None while it rests.
        deadline: when to give up, on the loop's clock.
        rested: since when it has rested.
        served: whole answers it has brought.
    """

    __slots__ = (
        "_body", "_head", "_keep", "_paused", "_upstream", "address", "asked", "deadline",
        "exchange", "rested", "served", "transport",
    )  # fmt: skip

    transport: asyncio.Transport

    def __init__(self, upstream: Upstream, address: Address) -> None:
        self._upstream = upstream
        self.address = address
        self.exchange: Exchange | None = None
        self.asked = 0.0
        self.deadline = inf
        self.rested = 0.0
        self.served = 0
        self._head = b""
        self._body: Body | None = None
        self._keep = False
        self._paused = False

    # The way out

    def carry(self, exchange: Exchange) -> None:
        """Send ``exchange`` on its way: its head, and what of its body there is."""
        self.exchange = exchange
        exchange.connection = self
        self.address.in_flight += 1
        self.transport.write(exchange.outgoing())
        if exchange.held:
            if exchange.sent:
                self.sent()
            else:
                self.deadline = exchange.due
            exchange.client.carried(exchange)
        elif not exchange.sent:
            self.deadline = exchange.due
        elif exchange.tried or exchange.fields.timeout or self._upstream.try_timeout:
            self.sent()
        else:  # in the same turn as it came, and with nothing to watch but the one clock
            self.asked = exchange.began
            self.deadline = exchange.began + self._upstream.response_timeout

    def sent(self) -> None:
        """The request is out to its end: now the upstream's time runs."""
        exchange, upstream = self.exchange, self._upstream
        if exchange is None:
            return
        now = self.asked = monotonic()
        self.deadline = now + upstream.response_timeout
        if exchange.fields.timeout or upstream.try_timeout:
            self.deadline = min(upstream.patience(exchange, now), exchange.due)

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def pause_writing(self) -> None:
        """The upstream takes its request slowly: the client is read from no faster."""
        if self.exchange is not None:
            self.exchange.client.pause_body()
            self.deadline = monotonic() + self._upstream.idle_timeout

    def resume_writing(self) -> None:
        if self.exchange is not None:
            if self.exchange.sent:
                self.sent()
            else:
                self.deadline = self.exchange.due
            self.exchange.client.resume_body()

    # The way back

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._upstream.connections.add(self)

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:  # an answer to nothing: whatever it is, no client may get it
            self.transport.abort()
            return
        try:
            if self._body is None:
                self._receive_head(exchange, data)
            else:
                content, rest = self._body.feed(data)
                self._receive(exchange, self._body, content, rest)
        except Malformed:
            self._broken("malformed")

    def _receive_head(self, exchange: Exchange, data: bytes) -> None:
        if self._head:
            data = self._head + data
        while True:
            end = data.find(b"\r\n\r\n")
            if end < 0 or end > ANSWER_HEAD_BYTES:
                if len(data) > ANSWER_HEAD_BYTES:
                    raise Malformed("the head is too long")
                self._head = data
                return
            head = data[:end]
            answer = heads.young.get(head) or read(head)
            data = data[end + 4 :]
            if answer.status >= 200:
                break
            if answer.status == SWITCHING_PROTOCOLS:
                exchange.switch(answer, self, head, data)
                if self.address.watch is not None:
                    self.address.watch(self, answer.status)
                return
            exchange.interim(answer)
        self._head = b""
        watch = self.address.watch
        if watch is not None:
            watch(self, answer.status)
        if answer.measured == len(data) and exchange.plain:
            # the common case: a whole answer in one read
            exchange.begin_answer(answer, WHOLE, data)
            self._detach(keep=not answer.close)
            exchange.end()
            return
        self._keep = not answer.close
        body = self._body = answer.body(exchange.method_sent)
        content, rest = body.feed(data)
        if not body.done:
            self.deadline = monotonic() + self._upstream.idle_timeout
        exchange.begin_answer(answer, body, content)
        self._after(exchange, body, rest)

    def _receive(self, exchange: Exchange, body: Body, content: bytes, rest: bytes) -> None:
        self.deadline = inf if exchange.route.stream else (
            monotonic() + self._upstream.idle_timeout
        )  # fmt: skip
        exchange.continue_answer(body, content)
        self._after(exchange, body, rest)

    def _after(self, exchange: Exchange, body: Body, rest: bytes) -> None:
        if self.exchange is not exchange:  # its answer was not let through
            return
        if exchange.route.stream:
            self.deadline = inf
        if not body.done:
            if (
                exchange.is_head and exchange.begun
            ):  # nobody wants the content that is still to come
                self._detach(keep=False)
                exchange.end()
            return
        # a request that was answered before it was sent whole leaves the connection in its middle
        self._detach(keep=self._keep and exchange.sent and not rest)
        exchange.end()

    def switch(self, protocol: asyncio.Protocol) -> None:
        """The connection is ``protocol``'s from here on."""
        self._head = b""
        self.resume_reading()
        self.deadline = inf
        self.transport.set_protocol(protocol)

    # The end

    def _detach(self, *, keep: bool) -> None:
        self.exchange = None
        self._body = None
        self.deadline = inf
        self.address.in_flight -= 1
        self.served += 1
        if keep and not self.transport.is_closing():
            if self._paused:  # by a client that is slow to take what it has: the next may not be
                self._paused = False
                self.transport.resume_reading()
            self.rested = monotonic()
            self._upstream.rest(self)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._upstream.lost(self)
        exchange = self.exchange
        if exchange is None:
            return
        body = self._body
        if isinstance(body, UntilClose) and exc is None:
            body.done = True
            exchange.continue_answer(body, b"")
            if self.exchange is exchange:
                self._detach(keep=False)
                exchange.end()
        elif self.served and body is None and not self._head and exchange.repeatable:
            # it was closed just as it was used again: nothing was answered, so ask again
            self._detach(keep=False)
            self._upstream.repeat(exchange, self.address)
        else:
            self._broken("reset" if body is None else "truncated")

    @property
    def unanswered(self) -> bool:
        """Whether a request is out to its end, and no head of an answer has come."""
        exchange = self.exchange
        return exchange is not None and exchange.sent and not exchange.begun

    def expire(self) -> None:
        """Its deadline has passed."""
        exchange = self.exchange
        if exchange is None:
            return
        if self.deadline == exchange.due:
            self._broken("deadline")
        elif not self._goes_on(exchange):
            self._broken("timeout")

    def _goes_on(self, exchange: Exchange) -> bool:
        """A first try is over, but there is nobody else to ask: wait for this answer after all."""
        upstream = self._upstream
        if not (self.unanswered and upstream.is_first_try(exchange)):
            return False
        if upstream.has_another(self.address):
            return False
        self.deadline = min(self.asked + upstream.response_timeout, exchange.due)
        return self.deadline > monotonic()

    def _broken(self, kind: str) -> None:
        exchange = self.exchange
        if exchange is not None:
            self._detach(keep=False)
            self._upstream.failed(exchange, self, kind)

    def abandon(self) -> None:
        """The client has gone: what it asked for is not wanted any more."""
        if self.exchange is not None:
            self._detach(keep=False)

    # The client's pace

    def pause_reading(self) -> None:
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.deadline = inf  # the client is slow, not the upstream: its own deadline counts
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused and not self.transport.is_closing():
            self._paused = False
            self.transport.resume_reading()
            if self.exchange is not None and not self.exchange.route.stream:
                self.deadline = monotonic() + self._upstream.idle_timeout
