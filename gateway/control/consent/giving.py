"""Keeping what a resident said yes to, in the transaction that makes the grant."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import AccessDeniedError
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.consent import linkage, records
from gateway.control.consent.choice import Item
from gateway.control.consent.records import Given
from gateway.control.consent.wording import Wording
from gateway.control.oauth.clients import Client
from gateway.control.oauth.records import Grant


@dataclass(frozen=True, slots=True)
class KeepConsents:
    """The consents of a new grant, with the words that were shown.

    Attributes:
        redirect_uri: where the client is told if the limit of linkage does not allow it any more.
    """

    client: Client
    grant: Grant
    given: tuple[Given, ...]
    wordings: tuple[Wording, ...]
    redirect_uri: str

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        await records.add(connection, self.given)
        for wording in self.wordings:
            await _keep_text(connection, wording)
        # what another window gave in the meantime is seen here
        held = await linkage.holding(connection, self.client, self.grant.resident_id)
        if held.beyond(now):
            raise AccessDeniedError(
                description="Together with what this organisation already has of the resident it "
                "is more than was agreed to.",
                redirect_uri=self.redirect_uri,
            )


def keep(
    client: Client,
    grant: Grant,
    items: Sequence[Item],
    combination: Iterable[str],
    redirect_uri: str,
) -> KeepConsents:
    """What to write for the items given.

    Args:
        combination: the domains that the resident said yes to together, where that was asked.
    """
    together = tuple(combination)
    given = [_given(client, grant, item, together) for item in items]
    return KeepConsents(
        client, grant, tuple(given), tuple(one.wording for one in items), redirect_uri
    )


def _given(client: Client, grant: Grant, item: Item, together: tuple[str, ...]) -> Given:
    return Given(
        consent_id=uuid.uuid4().hex,
        gid=grant.gid,
        client_id=client.client_id,
        organisation=client.receiver,
        resident_id=grant.resident_id,
        dataset=item.wanted.dataset.id,
        domain=item.wanted.reach.domain,
        fields=item.wanted.fields,
        purpose=item.wanted.purpose.id,
        recipients=tuple(one.client_id for one in item.wanted.recipients),
        created=grant.created,
        until=min(item.wanted.until, grant.expires),
        text_hash=item.wording.hash,
        combination=together,
    )


async def _keep_text(connection: AsyncConnection, wording: Wording) -> None:
    table = tables.consent_texts
    known = await connection.execute(select(table.c.hash).where(table.c.hash == wording.hash))
    if known.scalar() is None:
        row = {"hash": wording.hash, "version": wording.version, "language": wording.language}
        await connection.execute(insert(table).values(**row, text=wording.text))
