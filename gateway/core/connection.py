"""One connection to an upstream: carries one exchange at a time, then rests in its pool."""

from __future__ import annotations

import asyncio
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final, cast

from gateway.core import reply
from gateway.core.answer import BODILESS, Answer
from gateway.core.body import WHOLE, Body, Malformed, UntilClose
from gateway.core.bounds import ANSWER_HEAD_BYTES

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange
    from gateway.core.upstream import Address, Upstream

SWITCHING_PROTOCOLS: Final = 101


class UpstreamConnection(asyncio.Protocol):
    """The gateway's side of a connection to an API.

    Attributes:
        exchange: what it carries; None while it rests.
        deadline: when to give up, on the loop's clock.
        rested: since when it has rested.
        served: whole answers it has brought.
    """

    __slots__ = (
        "_body", "_head", "_keep", "_paused", "_upstream", "address", "deadline", "exchange",
        "rested", "served", "transport",
    )  # fmt: skip

    transport: asyncio.Transport

    def __init__(self, upstream: Upstream, address: Address) -> None:
        self._upstream = upstream
        self.address = address
        self.exchange: Exchange | None = None
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
        if exchange.sent:
            self.sent()
        if exchange.held:
            exchange.client.carried(exchange)

    def sent(self) -> None:
        """The request is out to its end: now the upstream's time runs."""
        self.deadline = monotonic() + self._upstream.response_timeout

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def pause_writing(self) -> None:
        """The upstream takes its request slowly: the client is read from no faster."""
        if self.exchange is not None:
            self.exchange.client.pause_body()
            self.deadline = monotonic() + self._upstream.idle_timeout

    def resume_writing(self) -> None:
        if self.exchange is not None:
            now = monotonic()
            self.deadline = now + self._upstream.response_timeout if self.exchange.sent else inf
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
            answer = Answer(head)
            data = data[end + 4 :]
            status = answer.status
            if status >= 200:
                break
            if status == SWITCHING_PROTOCOLS:
                exchange.switch(answer, self, head, data)
                return
            exchange.interim(answer)
        self._head = b""
        self._keep = not answer.close
        if answer.length == len(data) and exchange.plain and status not in BODILESS:
            # the common case: a whole answer in one read
            exchange.begin_answer(answer, WHOLE, data)
            self._detach(keep=self._keep)
            exchange.end()
            return
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
        if exchange.route.stream:
            self.deadline = inf
        if not body.done:
            if exchange.is_head:  # nobody wants the content that is still to come
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
            self._detach(keep=False)
            exchange.end()
        elif self.served and body is None and not self._head and exchange.repeatable:
            # it was closed just as it was used again: nothing was answered, so ask again
            self._detach(keep=False)
            self._upstream.repeat(exchange)
        else:
            self._broken("reset" if body is None else "truncated")

    def expire(self) -> None:
        """Its deadline has passed."""
        if self.exchange is not None:
            self._broken("timeout")

    def _broken(self, kind: str) -> None:
        exchange = self.exchange
        if exchange is not None:
            self._detach(keep=False)
            exchange.fail(reply.UPSTREAM_SLOW if kind == "timeout" else reply.UPSTREAM_BROKE, kind)

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
