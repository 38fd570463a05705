"""When to try again, and when to leave an endpoint alone: pure rules.

Retries as https://www.standardwebhooks.com proposes ("Deliverability and reliability"), over three
days. A circuit is about the endpoint, a retry about one message: a receiver that refuses one
message and takes the others keeps getting them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.kit.outgoing.model import Attempt, State

RETRIES: Final = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds from one try to the next."""

JITTER: Final = 0.1
"""Share of the wait by which it is lengthened at most: what failed together comes back spread."""

FAILURES_TO_OPEN: Final = 5
OPEN_SECONDS: Final = 10.0
OPEN_MOST_SECONDS: Final = 900.0
RETRY_AFTER_MOST: Final = 86_400.0
DISABLE_AFTER_SECONDS: Final = 5 * 86_400.0
"""An endpoint that has failed for so long, and never once succeeded, is disabled."""

GONE: Final = 410
_ASKS_TO_WAIT: Final = frozenset((429, 503))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try.

    Attributes:
        status: 0 when there was no answer.
        seconds: how long it took.
        error: why it failed; empty when it succeeded.
        retry_after: seconds that the receiver asks to wait.
        body: the start of the answer's body.
        headers: of the answer, names in lower case.
    """

    status: int
    seconds: float
    error: str = ""
    retry_after: float = 0.0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300 and not self.error

    def as_attempt(self, at: float) -> Attempt:
        return Attempt(at, self.status, round(self.seconds * 1000), self.error)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a message after a try; ``due`` is None when it is finished."""

    state: State
    due: float | None = None


def verdict(
    answer: Answer, *, tries: int, now: float, expires: float | None, chance: float
) -> Verdict:
    """What to do with a message.

    Args:
        tries: how often it has been tried, this one included.
        chance: 0 to 1, for the jitter.
    """
    if answer.ok:
        return Verdict("delivered")
    if tries > len(RETRIES):
        return Verdict("failed")
    wait = max(RETRIES[tries - 1] * (1 + JITTER * chance), answer.retry_after)
    due = now + wait
    if expires is not None and due > expires:
        return Verdict("failed")
    return Verdict("waiting", due)


@dataclass(frozen=True, slots=True)
class Circuit:
    """Whether an endpoint is called.

    Attributes:
        failures: tries that failed, in a row.
        failing_since: when the first of them was.
        open_until: nothing is tried before.
        disabled: why nothing is tried at all.
    """

    failures: int = 0
    failing_since: float | None = None
    open_until: float = 0.0
    disabled: str = ""

    @property
    def is_probing(self) -> bool:
        """Whether only one message may go, to see if the endpoint is back."""
        return self.failures >= FAILURES_TO_OPEN

    def after(self, answer: Answer, now: float) -> Circuit:
        """The circuit after one more try."""
        if answer.ok:
            return Circuit()
        failures = self.failures + 1
        since = self.failing_since if self.failing_since is not None else now
        opened = self.open_until
        if failures >= FAILURES_TO_OPEN:
            opened = max(opened, now + _open_seconds(failures))
        if answer.status in _ASKS_TO_WAIT:
            opened = max(opened, now + answer.retry_after)
        return Circuit(failures, since, opened, self.disabled or _disabled(answer, now - since))


def _open_seconds(failures: int) -> float:
    doubled = min(failures - FAILURES_TO_OPEN, 20)
    return float(min(OPEN_SECONDS * 2**doubled, OPEN_MOST_SECONDS))


def _disabled(answer: Answer, failing_for: float) -> str:
    if answer.status == GONE:
        return "it answered 410 Gone"
    if failing_for >= DISABLE_AFTER_SECONDS:
        return f"every try has failed for {DISABLE_AFTER_SECONDS / 86_400:.0f} days"
    return ""
