"""One access under way: known to the journal, and its answer held back until that is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gateway.core import reply
from gateway.core.trail import lines

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange
    from gateway.core.http.body import Body
    from gateway.core.reply import Reply
    from gateway.core.server import ClientConnection
    from gateway.core.trail.journal import Journal

UNAVAILABLE = reply.reply(
    503, "audit-unavailable", "Not available at the moment",
    "Every access to personal data is written down first, and that cannot be done at the moment. "
    "Try again in a moment.",
    fields=b"retry-after: 2\r\n",
)  # fmt: skip


class Noted:
    """An access of which the journal knows. Its exchange knows it, and it does not know that:
    what knows each other goes only when the garbage collector comes by.

    Attributes:
        written: its line is on disk.
    """

    __slots__ = ("_answered", "_held", "_journal", "_lost", "_number", "written")

    def __init__(self, journal: Journal, number: int) -> None:
        self._journal = journal
        self._number = number
        self._held: Held | Deferred | None = None
        self._answered = self._lost = self.written = False

    def settled(self, done: bool) -> None:
        """The journal's word: the line is on disk, or it will not be."""
        self.written = done
        self._lost = not done
        if self._held is not None:
            held, self._held = self._held, None
            if done:
                held.release()
            else:
                held.refuse(UNAVAILABLE)

    def answered(self, status: int) -> None:
        """The first call says what the access came to."""
        if not self._answered:
            self._answered = True
            self._journal.mention(lines.outcome(self._number, status))

    def hold(self, exchange: Exchange, body: Body) -> None:
        """The answer is about to leave: whatever the exchange writes now waits for the line.

        Args:
            exchange: whose access this is.
            body: of the answer.
        """
        self.answered(exchange.status)
        if not self.written:
            self._wait(Held(exchange, body))

    def defer(self, exchange: Exchange, action: Callable[[], None]) -> bool:
        """The same for what cannot be kept as bytes: ``action`` waits for the line.

        Returns:
            Whether it does; else the caller goes on.
        """
        self.answered(exchange.status)
        if not self.written:
            self._wait(Deferred(exchange, action))
        return not self.written

    def _wait(self, held: Held | Deferred) -> None:
        if self._lost:  # said while the upstream was asked; what is being written is written first
            asyncio.get_running_loop().call_soon(held.refuse, UNAVAILABLE)
        else:
            self._held = held


class Held:
    """Stands where the exchange's client was, and keeps what it is to be sent.

    The upstream is not read from meanwhile, so what is kept is what had come in one read.
    """

    __slots__ = ("_client", "_ended", "_exchange", "_pieces")

    def __init__(self, exchange: Exchange, body: Body) -> None:
        self._exchange = exchange
        self._client: ClientConnection = exchange.client
        self._pieces: list[bytes] = []
        self._ended = False
        exchange.client = self  # type: ignore[assignment]
        if not body.done and exchange.connection is not None:
            exchange.connection.pause_reading()

    @property
    def transport(self) -> Held:
        """What the exchange asks :meth:`is_closing`, and writes to."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    # What the exchange does to its client

    def is_closing(self) -> bool:
        return self._client.transport.is_closing()

    def write(self, data: bytes) -> None:
        self._pieces.append(data)

    def ended(self, exchange: Exchange) -> None:
        self._ended = True

    def cut(self) -> None:
        self._pieces.clear()
        self._client.cut()

    # And then

    def release(self) -> None:
        """Let it all go, in one write."""
        exchange, client = self._exchange, self._client
        exchange.client = client
        if client.exchange is not exchange:  # it has gone, or was cut off
            return
        if exchange.connection is not None:
            exchange.connection.resume_reading()
        client.write(b"".join(self._pieces))
        if self._ended:
            client.ended(exchange)

    def refuse(self, answer: Reply) -> None:
        self._exchange.client = self._client
        _refuse(self._exchange, answer)


class Deferred:
    """What happens to an exchange once its line is on disk. Its upstream is not read from."""

    __slots__ = ("_action", "_exchange")

    def __init__(self, exchange: Exchange, action: Callable[[], None]) -> None:
        self._exchange = exchange
        self._action = action
        if exchange.connection is not None:
            exchange.connection.pause_reading()

    def release(self) -> None:
        if self._exchange.alive:
            self._action()

    def refuse(self, answer: Reply) -> None:
        _refuse(self._exchange, answer)


def _refuse(exchange: Exchange, answer: Reply) -> None:
    """Nothing of the answer leaves; the client is told ``answer`` instead."""
    if exchange.client.exchange is not exchange:  # it has gone, or was cut off
        return
    if exchange.connection is not None:
        exchange.connection.abandon()
    exchange.refuse(answer)
