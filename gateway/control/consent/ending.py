"""What has ended, for whoever must do something about it (:mod:`.withdraw`)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.control.consent.records import Given
from gateway.control.oauth.records import Grant


@dataclass(frozen=True, slots=True)
class Ending:
    """What has just ended.

    Attributes:
        grant: under which it was given.
        consents: those that end now; none where the grant had only scopes.
        whole: whether the grant ends with them, and every token of it.
        action: ``consent.withdraw`` when the resident did it, else ``consent.end``.
        actor: the client that did it, or one of :mod:`gateway.control.audit.event`'s names.
        at: milliseconds since the epoch.
    """

    grant: Grant
    consents: tuple[Given, ...]
    whole: bool
    action: str
    actor: str
    at: int
