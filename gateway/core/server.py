"""The client's side: one connection, whose requests are answered in the order they came."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, cast

from gateway.core import arrival, bounds, pipeline, reply
from gateway.core.arrival import EMPTY_LINE
from gateway.core.http.body import Chunked, Malformed, Sized
from gateway.core.http.head import without_proof
from gateway.core.origin import Origin
from gateway.core.proof.batch import Waits
from gateway.core.reply import Refused, Reply, malformed

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange

_log = logging.getLogger(__name__)


class ClientConnection(asyncio.Protocol):
    """One connection from a client.

    One request is in hand at a time; what is sent ahead waits in ``_ahead``, and beyond a bound the
    connection is not read from. So answers are in order, and memory is bounded.

    Attributes:
        origin, source: where it comes from, and the name by which open routes are limited.
        deadline: when to give up what is waited for, on the loop's clock.
        owed: the last exchange, while the client has not taken all of its answer.
    """

    __slots__ = (
        "_ahead", "_choked", "_core", "_dropping", "_over", "_paused_at", "deadline", "exchange",
        "origin", "owed", "source", "transport",
    )  # fmt: skip

    transport: asyncio.Transport
    origin: Origin
    source: str

    def __init__(self, core: Core) -> None:
        self._core = core
        self.exchange: Exchange | None = None
        self.owed: Exchange | None = None
        self.deadline = inf
        self._ahead = b""
        self._choked = False  # the client does not take what it was sent
        self._dropping = False  # the last answer is out; what still comes is not looked at
        self._over = 0  # bytes still to come of a body that nobody wants
        self._paused_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.origin = Origin((transport.get_extra_info("peername") or ("unknown",))[0])
        self.source = self.origin.source
        self.deadline = monotonic() + self._core.bounds.head
        if not self._core.join(self):
            self.write_reply(reply.FULL, self._core.ids.trace_id(), False, True)
            self._finish()

    # What the client sends

    def data_received(self, data: bytes) -> None:
        if self._dropping:
            return
        if self._ahead:
            data = self._ahead + data
            self._ahead = b""
        elif self.exchange is None and not (self._choked or self._over) and self._seen_before(data):
            return
        self._advance(data)

    def _seen_before(self, data: bytes) -> bool:
        """The common case: ``data`` is one request without content whose bytes are remembered.

        A header section that was read has no empty line in it, so this request ends with ``data``.
        """
        core = self._core
        at = data.find(b"\r\n")
        line = core.lines.young.get(data[:at])
        if line is None or not line.usual:
            return False
        block, proof = data[at + 2 : -2], b""
        if line.proven:
            block, proof = without_proof(block)
        fields = core.blocks.young.get(block)
        if fields is None or not fields.bare or data[-2:] != b"\r\n" or (proof and fields.full):
            return False
        try:
            if line.kept is None or not line.kept.answer(core, self, fields):
                self._begin(core.exchange(core, self, line, fields, monotonic(), proof), b"")
        except Exception:  # a fault of ours must not leave a connection hanging
            _log.exception("a request could not be handled")
            self._refuse(reply.INTERNAL)
        return True

    def _advance(self, data: bytes) -> None:
        turns = bounds.PIPELINED_TURNS
        try:
            while data and not self._dropping:
                exchange = self.exchange
                if exchange is None:
                    if self._over:
                        data = self._pass_over(data)
                        continue
                    if self._choked or not turns:
                        self._hold(data)
                        return
                    turns -= 1
                    data = self._request(data)
                elif exchange.sent:
                    self._ahead = data
                    if len(data) > bounds.PIPELINED_BYTES:
                        self._pause()
                    return
                else:
                    data = self._body(exchange, data)
        except Exception:  # a fault of ours must not leave a connection hanging
            _log.exception("a request could not be handled")
            self._refuse(reply.INTERNAL)

    def _request(self, data: bytes) -> bytes:
        """One request's head, if it is all there; returns what comes after it."""
        # one empty line before a request is let pass (RFC 9112 §2.2)
        start = 2 if data[:2] == EMPTY_LINE else 0
        end = data.find(b"\r\n\r\n", start)
        now = monotonic()
        try:
            if end < 0 or end - start > bounds.HEAD_BYTES:
                self._partial(data, start, now)
                return b""
            at = data.find(b"\r\n", start)
            line, fields, proof = self._core.head(data[start:at], data[at + 2 : end + 2])
            if line.kept is not None and line.kept.answer(self._core, self, fields):
                return data[end + 4 :]
            exchange = self._core.exchange(self._core, self, line, fields, now, proof)
        except Refused as refused:
            self._refuse(
                (arrival.fault(data[start : end + 4]) if end >= 0 else None) or refused.reply
            )
            return b""
        return self._begin(exchange, data[end + 4 :])

    def _partial(self, data: bytes, start: int, now: float) -> None:
        """A head that is not all there: wait for more, if there may be more."""
        fault = arrival.fault(data[start:])
        if fault is not None:
            raise Refused(fault)
        if len(data) > start:
            # counted from the first byte: more bytes buy no more time
            self.deadline = min(self.deadline, now + self._core.bounds.head)
        self._ahead = data

    def _begin(self, exchange: Exchange, rest: bytes) -> bytes:
        self.exchange = exchange
        self._core.under_way += 1
        self.deadline = inf
        fields = exchange.fields
        if fields.chunked or fields.length > 0:
            exchange.body = Chunked() if fields.chunked else Sized(fields.length)
            exchange.sent = exchange.repeatable = exchange.plain = False
            self.deadline = exchange.began + self._core.bounds.body
        try:
            pipeline.admit(self._core, exchange)
        except Refused as refused:
            return self._turn_away(exchange, refused.reply, rest)
        except Waits:
            return rest
        if not exchange.sent:
            if not exchange.told:
                exchange.told = bool(rest)  # it did not wait
                # the upstream's word, unless it says none
                self._core.loop.call_later(self._core.bounds.continue_after, exchange.go_on)
            rest = self._body(exchange, rest)
        if exchange.alive:
            self._send(exchange)
        return rest

    def _send(self, exchange: Exchange) -> None:
        exchange.admitted = True
        exchange.stats.in_flight += 1
        exchange.route.send(exchange)

    def go_on(self, exchange: Exchange, against: Reply | None) -> None:
        """Its proof was verified with others; ``against`` is what speaks against it, if anything
        does."""
        if self.exchange is not exchange:  # it has gone, or was cut off
            return
        try:
            pipeline.go_on(self._core, exchange, against)
            self._send(exchange)
        except Refused as refused:
            exchange.refuse(refused.reply)
        except Exception:  # a fault of ours must not leave a connection hanging
            _log.exception("a request could not be handled")
            self._refuse(reply.INTERNAL)

    def _turn_away(self, exchange: Exchange, answer: Reply, rest: bytes) -> bytes:
        """Refuse before the upstream. A body of a length that is said and small is passed over;
        after any other the connection ends. How much of it is here already decides nothing."""
        length = exchange.fields.length
        if (
            exchange.body is not None
            and 0 < length <= bounds.PASSED_OVER_BYTES
            and not exchange.fields.expects
            and answer.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        ):
            exchange.sent = True
            self._over = max(0, length - len(rest))
            rest = rest[length:]
        exchange.refuse(answer)
        return rest

    def _pass_over(self, data: bytes) -> bytes:
        """The body of a request that was refused; returns what comes after it."""
        over = min(self._over, len(data))
        self._over -= over
        return data[over:]

    def _body(self, exchange: Exchange, data: bytes) -> bytes:
        """A piece of the request's body; returns what comes after the body."""
        body = exchange.body
        assert body is not None  # noqa: S101 - `sent` is True where there is no body
        try:
            content, rest = body.feed(data)
        except Malformed as error:
            exchange.cut(malformed(f"The body cannot be read: {error}.", "ambiguous").reply)
            return b""
        exchange.upload += len(content)
        if exchange.upload > exchange.route.max_body:
            exchange.cut(exchange.route.too_large)
            return b""
        limits = self._core.bounds
        self.deadline = (
            inf
            if body.done
            else exchange.began_body + limits.body + exchange.upload / limits.body_rate
        )
        exchange.upload_piece(content, body)
        return rest

    def eof_received(self) -> bool:
        """The client has closed, or half closed, which looks the same from here: it has gone.

        What it still waited for is let go (see :meth:`connection_lost`): clients that gave up must
        not keep the APIs busy.
        """
        return False

    # What the client gets

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def answer(self, data: bytes, now: float) -> None:
        """A whole answer to a request that nothing else was made of."""
        if not self.transport.is_closing():
            self.transport.write(data)
        rest = self._core.bounds.stall if self._choked else self._core.bounds.keep_alive
        self.deadline = now + rest

    def write_reply(
        self, answer: Reply, request_id: bytes, bodiless: bool, close: bool, head: bytes = b""
    ) -> None:
        """An answer of the core's own; ``head`` where it is not the usual one."""
        self.write(
            b"%b%b\r\nx-request-id: %b\r\n%b\r\n%b"
            % (
                head or answer.head, self._core.date, request_id,
                self._core.hsts + (b"connection: close\r\n" if close else b""),
                b"" if bodiless else answer.body,
            )
        )  # fmt: skip

    def ended(self, exchange: Exchange) -> None:
        """The answer to ``exchange`` is written; the next request has its turn."""
        self.exchange = None
        exchange.connection = None
        if self._choked:
            self.owed = exchange
        if exchange.close:
            self._finish()
            return
        limits = self._core.bounds
        self.deadline = exchange.ended + (limits.stall if self._choked else limits.keep_alive)
        if self._ahead or self._paused_at:
            self._core.loop.call_soon(self._next)

    def _next(self) -> None:
        """Go on with what was sent ahead."""
        if self.exchange is None and not self._dropping:
            data, self._ahead = self._ahead, b""
            self._resume()
            self._advance(data)

    def _hold(self, data: bytes) -> None:
        self._ahead = data
        self._pause()
        if not self._choked:
            self._core.loop.call_soon(self._next)

    def _refuse(self, answer: Reply) -> None:
        """What came is no request: say so, and trust nothing that follows."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.abandon()
        telemetry = self._core.telemetry.unrouted
        telemetry.reject(answer.reason)
        telemetry.observe(answer.status, 0.0)
        self.write_reply(answer, self._core.ids.trace_id(), False, True)
        self._finish()

    def _finish(self) -> None:
        """Close after the last answer, reading on for a moment: closing a socket with unread bytes
        resets it, and the client would lose the answer (RFC 9112 §9.6)."""
        self._dropping = True
        self._ahead = b""
        self.deadline = monotonic() + self._core.bounds.linger
        if self.transport.is_closing():
            return
        self._resume()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:  # TLS has no half of a connection, but reads on by itself while it closes
            self.transport.close()

    def cut(self) -> None:
        """End the connection so that the client sees that its answer is not whole."""
        self.exchange = None
        self.transport.abort()

    def switch(self, protocol: asyncio.Protocol) -> bytes:
        """The connection is ``protocol``'s from here on; returns what has been sent ahead."""
        self._resume()
        ahead, self._ahead = self._ahead, b""
        self.transport.set_protocol(protocol)
        return ahead

    def flush(self) -> None:
        """Close when the client has taken what it was sent, which may take so long."""
        self.exchange = None
        self._dropping = True
        self.deadline = monotonic() + self._core.bounds.stall
        self.transport.close()

    # Pace

    def pause_writing(self) -> None:
        self._choked = True
        self.deadline = monotonic() + self._core.bounds.stall
        if self.exchange is not None and self.exchange.connection is not None:
            self.exchange.connection.pause_reading()

    def resume_writing(self) -> None:
        self._choked = False
        self.owed = None
        if self._dropping:
            return
        if self.exchange is None:
            self.deadline = monotonic() + self._core.bounds.keep_alive
            self._next()
        else:
            self.deadline = inf
            if self.exchange.connection is not None:
                self.exchange.connection.resume_reading()

    def pause_body(self) -> None:
        """The upstream is not ready for more."""
        self._pause()
        self.deadline = inf

    def resume_body(self) -> None:
        exchange = self.exchange
        if exchange is not None and not exchange.sent:
            limits = self._core.bounds
            if self._paused_at:  # time in which the client could not send is not its own
                exchange.began_body += monotonic() - self._paused_at
            self.deadline = exchange.began_body + limits.body + exchange.upload / limits.body_rate
        self._resume()

    def carried(self, exchange: Exchange) -> None:
        """The exchange has its connection."""
        if self._paused_at or not exchange.sent:
            self.resume_body()
        if exchange.sent and not self._choked:
            self.deadline = inf

    def wait_for_upstream(self, seconds: float) -> None:
        self.deadline = monotonic() + seconds

    def _pause(self) -> None:
        if not self._paused_at and not self.transport.is_closing():
            self._paused_at = monotonic()
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self._paused_at:
            self._paused_at = 0.0
            if not self.transport.is_closing():
                self.transport.resume_reading()

    # The end

    def expire(self) -> None:
        """The deadline has passed."""
        exchange = self.exchange
        if self._dropping or self._choked:
            self.transport.abort()
        elif exchange is not None:
            if exchange.connection is None:
                exchange.route.upstream.no_room(exchange)
            else:
                exchange.cut(reply.SLOW_REQUEST)
        elif not self.rest():
            self._refuse(reply.SLOW_REQUEST)
        else:
            self.transport.close()

    def rest(self) -> bool:
        """Whether nothing is under way."""
        return self.exchange is None and self._ahead in (b"", EMPTY_LINE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._core.leave(self)
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.abandon()
