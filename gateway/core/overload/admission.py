"""How much an upstream is given at a time, and who goes first when that is not enough.

Nobody knows beforehand how many requests an API can work on at once, and it changes with every
release and every neighbour. So it is measured: while answers take about as long as they do when
there is room, the limit grows; when they take a multiple of that, requests queue somewhere behind,
and the limit is brought down to what was under way, less the excess (the gradient of Netflix'
``concurrency-limits``, with TCP Vegas' idea of a base). The base is learned only while few are
under way: what is slow then is slow by itself, and not because of a queue of ours.

Every priority but life-safety has a share of the limit (:data:`CALM`). All count against all: when
higher ones fill it, lower ones find none left. Life-safety is counted and never held back here; it
ends at the upstream's own bound of connections.

In a calm worker all of this is one comparison before a request and two sums after it.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange

PRIORITIES: Final = ("bulk", "normal", "essential", "life-safety")
"""In the order in which they are let go; a priority's rank is its place here."""
LIFE_SAFETY: Final = PRIORITIES.index("life-safety")

Shares = tuple[float, float, float]
"""Parts of an upstream's limit up to which bulk, normal and essential requests are let in."""

CALM: Final[Shares] = (0.6, 0.8, 0.9)
TOLERANCE: Final = 2.0
"""Answers may take so many times as long as usual before the limit comes down."""
MEASURED: Final = 5
"""Answers in a window; fewer say nothing."""
_UNDIVIDED: Final = 32
"""An upstream that takes fewer at a time is too small to be divided."""
_SMALL_ANSWER: Final = 65_536
"""Bytes; a longer answer's time says how fast the client reads."""
_LEARN: Final = 0.02


class Taken(Protocol):
    """A place under an upstream's limit, to be given back."""

    def ended(self, exchange: Exchange, seconds: float) -> None: ...


class Gate:
    """What goes to one server: an upstream's addresses, whichever APIs are behind them.

    Args:
        name: the addresses; labels a metric.
        floor: the limit's least; below it nobody is shed for being slow.
        streams: for answers without an end: never limited by number, only by order.

    Attributes:
        in_flight: requests let in and not ended.
        limit: requests at a time, as measured.
        most: by rank, up to how many under way one more is let in.
        free: by rank, up to how many this is decided without a closer look.
        holders: under pressure, how many each client has.
        ended, seconds, usual: answers of this window, how long they took, and how long such ones
            usually take, in all.
        moved: something ended in this window whose time says nothing of the server: it is not
            stalled.
    """

    __slots__ = (
        "_typical", "_window", "calm", "ended", "floor", "free", "highest", "holders", "in_flight",
        "limit", "most", "moved", "name", "seconds", "streams", "usual",
    )  # fmt: skip

    def __init__(self, name: str, floor: int, *, streams: bool = False) -> None:
        self.name = name
        self.floor = floor
        self.streams = streams
        self.highest = 0
        self.limit = 0.0
        self.in_flight = 0
        self.calm = True
        self.moved = False
        self.most: tuple[float, ...] = (inf,) * 4
        self.free: tuple[float, ...] = self.most
        self.holders: dict[str, int] = {}
        self.ended = 0
        self.seconds = self.usual = self._typical = self._window = 0.0

    def widen(self, highest: int) -> None:
        """The upstream takes ``highest`` at most, those that wait for a connection among them."""
        if highest != self.highest:
            self.limit = float(highest) if not self.highest else min(self.limit, float(highest))
            self.highest = highest

    def adapt(self, window: float, patience: float) -> None:
        """Set the limit by the answers of the last ``window`` seconds.

        Args:
            patience: seconds; whatever is usual, up to this nothing counts as slow.
        """
        self._window += window
        self.calm = self.in_flight <= self.floor
        ended = self.ended
        if self.streams or (0 < ended < MEASURED and not self.calm):
            return  # too few to say anything: those of the next window are added
        busy = max(float(self.in_flight), self.seconds / self._window)
        stretch = self._stretch(ended, window, patience)
        if stretch > TOLERANCE:
            wanted = min(self.limit, busy) * max(0.5, TOLERANCE / stretch)
            self.limit = max(float(min(self.floor, self.highest)), wanted)
        elif ended or busy < self.limit / 2:
            self.limit = min(float(self.highest), self.limit + max(2.0, self.limit / 10))
        self.ended, self.seconds, self.usual, self._window = 0, 0.0, 0.0, 0.0
        self.moved = False

    def _stretch(self, ended: int, window: float, patience: float) -> float:
        """How many times as long as usual answers take; 0 when nobody knows."""
        if ended < MEASURED:
            # where nothing has ended that should have, answers take a window at least
            stalled = not (ended or self.moved or self.calm) and self._typical
            return window / self._typical if stalled else 0.0
        self._typical = max(self.usual / ended, patience)
        return self.seconds / ended / self._typical

    def allow(self, shares: Shares, pressure: float) -> None:
        """Put shares in force; ``pressure`` is as ``LoopLag`` has it."""
        whole = inf if self.streams or self.highest < _UNDIVIDED else self.limit
        most = [whole * share if share else 0.0 for share in shares]
        self.most = (*most, inf)
        near = (0.0 if pressure > rank else part / 2 for rank, part in enumerate(most))
        self.free = (*near, inf)


class Load:
    """What one route puts on its server.

    Attributes:
        rank: its priority's place now; ``own`` when there is no emergency.
        usual: seconds that its answers take while there is room; 0 until the first.
    """

    __slots__ = ("gate", "own", "rank", "usual")

    def __init__(self, gate: Gate, priority: str, usual: float = 0.0) -> None:
        self.gate = gate
        self.own = self.rank = PRIORITIES.index(priority)
        self.usual = usual

    def ended(self, exchange: Exchange, seconds: float) -> None:
        """Give the place back, and learn from how long it took.

        Uploads and long answers say how fast the client is, and a refusal how fast we are; but
        whatever took longer than usual and then failed, or was given up, was slow.
        """
        gate, usual = self.gate, self.usual
        gate.in_flight -= 1
        if exchange.body is not None or exchange.bytes_out > _SMALL_ANSWER or gate.streams:
            gate.moved = True
            return
        if not (exchange.admitted and (0 < exchange.status < 500 or seconds > usual)):
            return
        if not usual:
            self.usual = usual = seconds
        elif seconds < usual or gate.calm:
            self.usual = usual = usual + (seconds - usual) * _LEARN
        gate.ended += 1
        gate.seconds += seconds
        gate.usual += usual


def share_capacity(core: Core, exchange: Exchange) -> None:
    """Is there room for it at its server? The last step: whoever is refused before takes none."""
    load = exchange.route.load
    gate = load.gate
    taken: Taken = load
    if gate.in_flight >= gate.free[load.rank]:
        taken = core.overload.judge(exchange, load)
    gate.in_flight += 1
    exchange.load = taken
