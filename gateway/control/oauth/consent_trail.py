"""Consents given, and used for others by token exchange, as the audit log tells them.

Their ends are told by :mod:`gateway.control.consent.withdraw`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.control.audit.event import SECTOR, AuditEvent
from gateway.control.consent.giving import KeepConsents
from gateway.control.consent.records import Given
from gateway.control.oauth.effects import Effect, KeepGrant, NoteExchange, RevokeGrant
from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.records import Grant
from schemas.pseudonym import Pseudonyms


def trail(
    pseudonyms: Pseudonyms, exchange: Exchange, effects: Iterable[Effect | RevokeGrant], at: int
) -> Iterator[AuditEvent]:
    """What of ``effects`` gives a consent, or has a service act with one.

    Args:
        at: milliseconds since the epoch.
    """
    done = list(effects)
    given = [one for kept in done if isinstance(kept, KeepConsents) for one in kept.given]
    for effect in done:
        if isinstance(effect, KeepGrant):
            detail: dict[str, object] = {
                "scopes": effect.grant.scope.split(),
                "until": effect.grant.expires,
                "consents": [_told(one) for one in given if one.gid == effect.grant.gid],
            }
            yield _event(pseudonyms, effect.grant, "consent.give", at, detail)
        elif isinstance(effect, NoteExchange):
            subject = pseudonyms.of(effect.grant.resident_id, SECTOR)
            detail = {
                "of": effect.grant.client_id,
                "consents": [_told(one) for one in effect.consents],
            }
            target = effect.grant.gid
            yield AuditEvent(at, effect.client_id, "token.exchange", target, subject, detail)


def _told(given: Given) -> dict[str, object]:
    """A consent, with the hash of the words that were shown, and what was confirmed together."""
    told: dict[str, object] = {**given.as_detail(), "text": given.text_hash}
    return {**told, "combination": list(given.combination)} if given.combination else told


def _event(
    pseudonyms: Pseudonyms, grant: Grant, action: str, at: int, detail: dict[str, object]
) -> AuditEvent:
    subject = pseudonyms.of(grant.resident_id, SECTOR)
    return AuditEvent(at, grant.client_id, action, grant.gid, subject, detail)
