"""``Server-Timing`` on demand (https://www.w3.org/TR/server-timing/).

A client that sends ``X-City-Server-Timing: ?1`` is told, in milliseconds, where the time to the
head of its answer went. Only one whose token has been accepted on the route: how long a refusal
took would tell others what was looked at. Who does not ask costs nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange
    from gateway.core.http.answer import Answer

Watcher = Callable[["Exchange", "Answer"], None]


class Timing:
    """Watches for the head of an answer, and adds the field to it.

    Args:
        asked: when the upstream was asked; of several tries the last.
        before: who else wants to know of the head.
    """

    __slots__ = ("_before", "asked")

    def __init__(self, asked: float, before: Watcher | None) -> None:
        self.asked = asked
        self._before = before

    def __call__(self, exchange: Exchange, answer: Answer) -> None:
        if self._before is not None:
            self._before(exchange, answer)
        now, asked = monotonic(), self.asked
        connection = exchange.connection
        out = max(asked, connection.asked) if connection is not None else asked
        queue = asked - exchange.began if exchange.held else 0.0
        upload = out - asked if exchange.body is not None else 0.0
        upstream = now - asked - upload
        gateway = now - exchange.began - queue - upload - upstream
        parts = {"gateway": gateway, "queue": queue, "upload": upload, "upstream": upstream}
        exchange.add_field(_field(parts))


def wanted(exchange: Exchange) -> bool:
    """Whether it was asked for, by somebody who may know."""
    return exchange.fields.timed and exchange.route.access != "open"


def watch(exchange: Exchange, asked: float) -> None:
    """The upstream has been asked: have the answer say how long everything took."""
    watcher = exchange.watcher
    if isinstance(watcher, Timing):
        watcher.asked = asked
    else:
        exchange.watcher = Timing(asked, watcher)


def kept(exchange: Exchange) -> bytes:
    """The field of an answer from the cache, which may have been waited for."""
    return _field({"cache": monotonic() - exchange.began})


def _field(parts: dict[str, float]) -> bytes:
    said = ", ".join(f"{name};dur={seconds * 1000:.3f}" for name, seconds in parts.items())
    return f"server-timing: {said}".encode()
