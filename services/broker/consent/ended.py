"""What has ended, as far as it is known here, and whether what is known is fresh enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from schemas.revocations import Asked, Ends
from services.broker.consent.standing import Held, Standing

SILENT_SECONDS: Final = 30.0
"""After which nobody's personal data is handed out any more on the word of a silent control plane:
it waits where it is."""

_NOTHING: Final = Ends(grants={}, consents={}, clients={}, suspended=[])


class Ended:
    """Asked before each delivery.

    Args:
        follows: whether somebody tells what ends. Without a control plane there are no consents,
            and nothing is ever silent.
        clock: seconds since the epoch.
        ticks: seconds that only ever grow.
    """

    def __init__(
        self,
        *,
        follows: bool,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.follows, self._clock, self._ticks = follows, clock, ticks
        self._ends = _NOTHING
        self._suspended: frozenset[str] = frozenset()
        self._heard: float | None = None

    def learn(self, ends: Ends) -> None:
        """Take the newest word; what it leaves out cannot be used any more."""
        self._ends, self._suspended = ends, frozenset(ends["suspended"])

    def add(self, dead: Asked) -> Ends:
        """Take more that has ended, beside the newest word; both together."""
        grants = {**self._ends["grants"], **dict.fromkeys(dead["grants"], 0)}
        consents = {**self._ends["consents"], **dict.fromkeys(dead["consents"], 0)}
        self._ends = Ends(
            grants=grants,
            consents=consents,
            clients=self._ends["clients"],
            suspended=self._ends["suspended"],
        )
        return self._ends

    def heard(self) -> None:
        """The control plane has just answered, and all that was held is checked."""
        self._heard = self._ticks()

    @property
    def age(self) -> float:
        """Seconds since the control plane was heard; infinite before the first time."""
        return float("inf") if self._heard is None else self._ticks() - self._heard

    @property
    def is_silent(self) -> bool:
        return self.follows and self.age > SILENT_SECONDS

    def is_suspended(self, client: str) -> bool:
        return client in self._suspended

    def is_over(self, standing: Standing) -> bool:
        """Whether nothing may be handed out under it any more."""
        if standing.grant and standing.grant in self._ends["grants"]:
            return True
        revoked = self._ends["clients"].get(standing.client)
        return revoked is not None and revoked >= standing.since and bool(standing.grant)

    def is_cut(self, standing: Standing) -> bool:
        """Whether what a token opened under it ends now: a stream, a fetch that waits."""
        revoked = self._ends["clients"].get(standing.client, -1)
        stopped = revoked >= standing.since or self.is_suspended(standing.client)
        withdrawn = any(held.consent in self._ends["consents"] for held in standing.consents)
        return stopped or withdrawn or self.is_over(standing)

    def is_good(self, held: Held) -> bool:
        """Whether a consent, of a standing that is not over, still holds."""
        return held.until > self._clock() and held.consent not in self._ends["consents"]
