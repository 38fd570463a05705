"""Proofs that come in one turn of the loop are verified together.

Each stage is gone through for all of them before the next one: a signature takes two thirds of the
time right after another, when the processor has it all at hand, and the memory of used proofs is
locked once instead of for each.
"""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING, Final

from gateway.core.proof import refusals
from gateway.core.proof.replays import FULL, NEW, SEEN, Found

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange
    from gateway.core.proof.proof import Proof
    from gateway.core.reply import Reply

_log = logging.getLogger(__name__)
BACK: Final = 60
"""Seconds for which a proof is good."""
AHEAD: Final = 5
"""Seconds by which a client's clock may be ahead of this one."""
LIFE: Final = BACK + AHEAD + 1
"""Seconds for which a proof that was used is remembered."""

_AGAINST: Final[dict[Found, Reply | None]] = {
    NEW: None, SEEN: refusals.USED, FULL: refusals.FULL,
}  # fmt: skip


class Waits(Exception):
    """The exchange goes on once its proof is verified."""


class Batch:
    """What waits for the end of this turn.

    Attributes:
        verified: signatures so far.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._waiting: list[tuple[Exchange, Proof]] = []
        self.verified = 0

    def add(self, exchange: Exchange, proof: Proof) -> None:
        """Verify it with the others; then its client is told to go on with ``exchange``."""
        if not self._waiting:
            self._core.loop.call_soon(self.run)
        self._waiting.append((exchange, proof))

    def run(self) -> None:
        """Verify all that wait."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            verdicts = self.judge([proof for _, proof in waiting])
        except Exception:  # a fault of ours must not leave a connection hanging
            _log.exception("proofs could not be verified")
            verdicts = [refusals.FULL] * len(waiting)
        for (exchange, _), against in zip(waiting, verdicts, strict=True):
            exchange.client.go_on(exchange, against)

    def judge(self, proofs: list[Proof]) -> list[Reply | None]:
        """What speaks against each: its signature, or that it was used before (RFC 9449 §4.3)."""
        self.verified += len(proofs)
        fit = [key.verify(signature, signed) for key, signed, signature, _ in proofs]
        names = [proof[3] for proof, fits in zip(proofs, fit, strict=True) if fits]
        found = iter(self._core.replays.take_all(names, monotonic(), LIFE))
        return [_AGAINST[next(found)] if fits else refusals.BAD_SIGNATURE for fits in fit]
