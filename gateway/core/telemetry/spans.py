"""Spans of sampled requests, for OpenTelemetry: noted here, sent by :mod:`gateway.otlp`.

A request is sampled where the trace that it belongs to is (the flag in its ``traceparent``, W3C
Trace Context §3.3), or, where it begins one, by chance. It leaves two spans: the gateway's own, and
in it the call to the API behind, which gets that call for its parent.

No personal data: the path template instead of the path, no query, no resident, no client's name or
address. Without tracing none of this is there: requests are plain :class:`Exchange` objects.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

from gateway.core.exchange import Exchange

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.http.head import Fields
    from gateway.core.http.target import RequestLine
    from gateway.core.server import ClientConnection

METHODS: Final = frozenset(b"GET HEAD POST PUT DELETE OPTIONS PATCH TRACE CONNECT".split())
_FIELD: Final = b"\r\ntraceparent: "
_LENGTH: Final = 55
"""Of a ``traceparent`` of version 00; there is no other in what goes upstream."""


@dataclass(frozen=True, slots=True)
class Span:
    """One sampled request that has ended. Times on the monotonic clock, in seconds.

    Attributes:
        trace, id, parent: of the gateway's own span, in hexadecimal; ``parent`` is ``""`` for the
            root of a trace.
        call: the id of the call upstream; ``""`` if there was none.
        called: when it began.
        address: host and port of the API that was called.
        tried: calls before it that failed.
        issuer: the city's public URL.
        route: the path template; ``""`` if none was found.
        operation: as it labels metrics.
        kind: the client's class.
        status: 0 if no answer began.
    """

    trace: str
    id: str
    parent: str
    call: str
    began: float
    called: float
    ended: float
    address: tuple[str, int]
    tried: int
    issuer: str
    method: str
    route: str
    operation: str
    kind: str
    status: int


class Spans:
    """Spans that wait to be sent.

    Args:
        ratio: of the requests that begin a trace, how many are sampled: from 0 to 1.
        most: spans that may wait; more are dropped and counted as ``spans_dropped``.
        chance: a number from 0 to 1, never 1.
    """

    def __init__(
        self, ratio: float, most: int = 2_048, chance: Callable[[], float] = random.random
    ) -> None:
        self._ratio = ratio
        self._most = most
        self._chance = chance
        self.waiting: list[Span] = []
        self.dropped = 0

    def sampled(self, parent: bytes) -> bool:
        """Whether a request is, that has ``parent`` as its ``traceparent``."""
        if parent:
            return bool(int(parent[-2:], 16) & 1)
        return self._chance() < self._ratio

    def put_back(self, batch: list[Span]) -> None:
        """Nobody took them; they wait once more, before what came meanwhile."""
        room = max(0, self._most - len(self.waiting))
        self.waiting = [*batch[:room], *self.waiting]
        self.dropped += max(0, len(batch) - room)

    def note(self, span: Span) -> None:
        if len(self.waiting) < self._most:
            self.waiting.append(span)
        else:
            self.dropped += 1


class Traced(Exchange):
    """An exchange that leaves spans, if it is sampled; what a core makes where it has them."""

    __slots__ = ("_address", "_call", "_called", "_flags", "_parent", "_trace", "span_id")

    def __init__(
        self, core: Core, client: ClientConnection, line: RequestLine, fields: Fields,
        began: float, proof: bytes = b"",
    ) -> None:  # fmt: skip
        super().__init__(core, client, line, fields, began, proof)
        parent = fields.traceparent
        self.span_id = b""
        if core.spans is None or not core.spans.sampled(parent):
            return
        self.span_id = core.ids.trace_id()[16:]
        self._call = b""
        self._called = 0.0
        self._address = ("", 0)
        if parent:
            _, self._trace, self._parent, self._flags = parent.split(b"-")
        else:
            name = core.ids.trace_id() if fields.request_id else self.request_id
            self._trace, self._parent, self._flags = name, b"", b"01"

    def trace_context(self) -> bytes:
        if not self.span_id:
            return super().trace_context()
        return b"00-%b-%b-%b" % (self._trace, self._call or self.span_id, self._flags)

    def outgoing(self) -> bytes:
        sent = super().outgoing()
        if not self.span_id:
            return sent
        self._call = self._core.ids.trace_id()[16:]
        self._called = monotonic()
        if self.connection is not None:
            self._address = (self.connection.address.host, self.connection.address.port)
        at = sent.index(_FIELD) + len(_FIELD)
        return sent[:at] + self.trace_context() + sent[at + _LENGTH :]

    def _count(self) -> None:
        was_alive = self.alive
        super()._count()
        spans = self._core.spans
        if was_alive and self.span_id and spans is not None:
            spans.note(self._span())

    def _span(self) -> Span:
        grant = getattr(self, "grant", None)
        method = self.line.method if self.line.method in METHODS else b"_OTHER"
        return Span(
            trace=self._trace.decode(),
            id=self.span_id.decode(),
            parent=self._parent.decode(),
            call=self._call.decode(),
            began=self.began,
            called=self._called,
            ended=self.ended,
            address=self._address,
            tried=len(self.tried),
            issuer=self.policy.issuer if self.routed else "",
            method=method.decode(),
            route=self.route.path if self.routed else "",
            operation=self.route.id if self.routed else "",
            kind=grant.client.kind if grant is not None else "",
            status=self.status,
        )
