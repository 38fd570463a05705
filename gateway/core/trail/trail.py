"""The core's journal of accesses to personal data: noted on the way in, waited for on the way out.

A personal route is refused with 503 while what happens on it cannot be written down: the last write
failed, the disk does not answer, or too much waits to be shipped. A new journal is begun as soon as
the disk takes one again.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from gateway.core.cache import Recent
from gateway.core.reply import Refused
from gateway.core.trail import lines
from gateway.core.trail.files import DiskFile, File, Folder
from gateway.core.trail.hold import UNAVAILABLE, Noted
from gateway.core.trail.journal import Journal

if TYPE_CHECKING:
    from gateway.core.access.grant import Grant
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange
    from gateway.core.reply import Reply
    from schemas.consent import Consent

_log = logging.getLogger(__name__)

SECTOR: Final = "audit"
MOST_BYTES: Final = 256 * 1024 * 1024
"""On disk and not shipped; then personal routes are refused."""
STUCK: Final = 5.0
"""Seconds that a write may take; then the disk does not answer."""
AGAIN: Final = 1.0
"""Seconds between attempts to begin a new journal."""
TOLD: Final = frozenset(("consent-missing", "consent-narrow", "purpose-needed", "legal-class"))
"""Refusals that a resident may see in the trail: somebody wanted more than was agreed to."""

_Key = tuple["Grant", str, str, str]


class Trail:
    """Writes accesses down, in one journal after the other.

    Args:
        path: the folder of all journals (:mod:`gateway.core.trail.files`).
        create, most, again: replaceable in tests.

    Attributes:
        journal: the one that is written to; None while none can be.
        left: journals that broke, for whoever ships them.
        unshipped, age: accesses that were not taken yet, and seconds since the oldest of them.
    """

    def __init__(
        self,
        path: Path,
        *,
        create: Callable[[Path], File] = DiskFile,
        most: int = MOST_BYTES,
        again: float = AGAIN,
    ) -> None:
        self.path = path
        self._create = create
        self._most = most
        self._again = again
        self._next_attempt = 0.0
        self._number = 0
        self._said: Recent[_Key, bytes] = Recent(20_000)
        self.journal: Journal | None = None
        self._trial: Journal | None = None
        self.left: list[Journal] = []
        self.failures = self.refused = self.accesses = self.unshipped = 0
        self.age = 0.0
        self.ahead = 0.0
        self._begin()

    def _new(self) -> Journal:
        folder = Folder.create(self.path, secrets.token_hex(16))
        return Journal(folder, create=self._create)

    def _begin(self) -> None:
        try:
            self.journal = self._new()
        except OSError as error:
            self._fails(error)

    @property
    def can_write(self) -> bool:
        journal = self.journal
        return journal is not None and journal.broken is None and journal.bytes < self._most

    # On a request's way

    def note(self, core: Core, exchange: Exchange) -> Noted:
        """Have an access written down while its upstream is asked.

        Raises:
            Refused: it cannot be.
        """
        journal = self.journal
        if journal is None or journal.broken is not None or journal.bytes >= self._most:
            self.refused += 1
            raise Refused(UNAVAILABLE)
        number, self._number = self._number, self._number + 1
        noted = Noted(journal, number)
        journal.append(lines.access(number, *self._access(core, exchange)), noted.settled)
        self.accesses += 1
        return noted

    def note_refusal(self, core: Core, exchange: Exchange, answer: Reply) -> None:
        """Have it written down that more was asked for than was agreed to; nobody waits for it."""
        known = answer.reason in TOLD and exchange.access is None
        if not known or not self.can_write or self.journal is None:
            return
        number, self._number = self._number, self._number + 1
        self.journal.mention(lines.access(number, *self._access(core, exchange)))
        self.journal.mention(lines.outcome(number, answer.status))
        self.accesses += 1

    def _access(self, core: Core, exchange: Exchange) -> tuple[int, bytes, bytes]:
        """What :func:`gateway.core.trail.lines.access` is told of it."""
        grant, route = exchange.grant, exchange.route
        consent, purpose = exchange.consent, exchange.purpose
        key = (grant, route.id, purpose, consent["consent_id"] if consent else "")
        said = self._said.young.get(key) or self._said.older(key)
        if said is None:
            said = self._say(core, exchange, purpose, consent)
            self._said.put(key, said)
        # the id was made here, or checked to need no escapes
        return int((exchange.began + self.ahead) * 1000), said, exchange.request_id

    def _say(self, core: Core, exchange: Exchange, purpose: str, consent: Consent | None) -> bytes:
        """What is the same each time that a token is used on a route for a purpose."""
        grant, route = exchange.grant, exchange.route
        subject = grant.pseudonym(SECTOR, core.pseudonyms) if grant.resident else ""
        said = {
            "client": grant.client_id,
            "subject": subject,
            "route": route.id,
            "method": route.method.decode(),
            "dataset": consent["dataset"] if consent else route.dataset,
            "purpose": purpose,
            "fields": consent.get("fields", []) if consent else [],
            "consent": consent["consent_id"] if consent else "",
            "grant": grant.family,
        }
        return orjson.dumps(said)[1:-1] + b","

    # Its life

    def tick(self, now: float, wall: float) -> None:
        """Write what nobody waits for; begin anew after a failure.

        Args:
            now: on the loop's clock; ``wall``: seconds since the epoch.
        """
        self.ahead = wall - now
        for journal in (self.journal, self._trial):
            if journal is not None and journal.since and now - journal.since > STUCK:
                journal.give_up()
        if self.journal is not None and self.journal.broken is None:
            self.journal.flush()
        else:
            self._recover(now)

    def _recover(self, now: float) -> None:
        journal, self.journal = self.journal, None
        if journal is not None:
            self._fails(journal.broken)
            self.left.append(journal)
        if self._trial is None and now >= self._next_attempt:
            self._next_attempt = now + self._again
            try:
                trial = self._trial = self._new()
            except OSError:
                return
            trial.append(lines.begun(), partial(self._tried, trial))

    def _tried(self, trial: Journal, done: bool) -> None:
        """The first line of a new journal is on disk, or the disk still takes none."""
        self._trial = None
        if done:
            self._number = 0
            self.journal = trial
            _log.info("accesses to personal data can be written down again")
        else:
            trial.end()
            trial.folder.discard()

    def _fails(self, error: OSError | None) -> None:
        self.failures += 1
        _log.error("accesses to personal data cannot be written down: %s", error)

    async def close(self, most: float = 5.0) -> None:
        """Write what is left; what is not shipped stays for whoever adopts it."""
        for journal in (self.journal, self._trial, *self.left):
            if journal is not None:
                await journal.close(most)
                journal.folder.release()
        self.journal = None
        self.left.clear()

    def as_json(self) -> dict[str, Any]:
        """Counters and gauges, for :mod:`gateway.core.trail.metrics`."""
        journal = self.journal
        return {
            "accesses": self.accesses,
            "failures": self.failures,
            "refused": self.refused,
            "bytes": journal.bytes if journal else 0,
            "broken": int(not self.can_write),
            "unshipped": self.unshipped,
            "age": self.age,
        }


def note_access(core: Core, exchange: Exchange) -> None:
    """The step of :mod:`gateway.core.pipeline` on personal routes, after all that may refuse."""
    if core.trail is not None:
        exchange.access = core.trail.note(core, exchange)
