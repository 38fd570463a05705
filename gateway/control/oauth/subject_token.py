"""Reading the subject token of a token exchange (RFC 8693 §2.1), before anything is decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from gateway.control.consent import linkage, records
from gateway.control.consent.records import Given
from gateway.control.oauth import sandbox
from gateway.control.oauth.acting import Acting
from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.found_token import find_access_token
from gateway.control.state import Control
from schemas.consent import CLAIM, Consent


async def find_acting(control: Control, exchange: Exchange) -> Acting | None:
    """For whom the client would act; ``None`` when the token is none that can be exchanged.

    That is one of a resident, good still, and of a client that they gave it to directly: who acts
    for somebody hands nothing on.
    """
    client, now = exchange.found.client, exchange.now
    shown = await find_access_token(control, exchange.form.get("subject_token", ""), now)
    if client is None or shown is None or shown.revoked or shown.grant is None:
        return None
    claims: dict[str, Any] = shown.claims or {}
    if "act" in claims:
        return None
    async with control.store.read() as connection:
        if not await sandbox.fits(connection, client, shown.grant):
            return None
        given = await records.of_grant(connection, shown.grant.gid)
        holding = await linkage.holding(connection, client, shown.grant.resident_id)
    return Acting(
        grant=shown.grant,
        scope=claims["scope"],
        expires=claims["exp"],
        consents=tuple(_handed_on(given, claims.get(CLAIM, []), client.client_id, now)),
        beyond=holding.beyond(now),
    )


def _handed_on(
    given: tuple[Given, ...], carried: Iterable[Consent], client_id: str, now: int
) -> Iterable[Given]:
    """The consents that the client is named in: no more than the store and the token both say."""
    living = {one.consent_id: one for one in given if one.is_alive(now)}
    for detail in carried:
        one = living.get(detail["consent_id"])
        if one and client_id in one.recipients and client_id in detail.get("recipients", ()):
            until = min(one.until, detail.get("until", one.until))
            fields = tuple(detail.get("fields", ()))
            yield replace(one, fields=fields, until=until, recipients=())
