"""What the control plane's endpoints share, handed to them by dependency."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.audit.event import SECTOR, AuditEvent
from gateway.control.audit.log import AuditLog
from gateway.control.catalogue.fetch import Fetcher
from gateway.control.clock import Clock, seconds
from gateway.control.identity.provider import Provider
from gateway.control.oauth.access_token import TokenMaker
from gateway.control.policy.publisher import Publisher
from gateway.control.portal.people import Offer
from gateway.control.residents import Passwords
from gateway.control.secrets import Secrets
from schemas.kit.store import Store
from schemas.pseudonym import Pseudonyms


@dataclass(frozen=True, slots=True)
class Control:
    """One control plane.

    Attributes:
        public_url: the address that the world knows; the issuer.
        publisher: the policy in force, and how to change it.
        provider: where residents may sign in instead, if the city has one.
        offer: what developers may do by themselves, and with whom.
    """

    public_url: str
    store: Store
    secrets: Secrets
    pseudonyms: Pseudonyms
    passwords: Passwords
    publisher: Publisher
    fetcher: Fetcher
    audit: AuditLog
    clock: Clock
    provider: Provider
    offer: Offer = field(default_factory=Offer)

    def now(self) -> int:
        """Seconds since the epoch."""
        return seconds(self.clock)

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.clock().timestamp() * 1_000)

    async def record(
        self,
        connection: AsyncConnection,
        client: str,
        action: str,
        target: str = "",
        **detail: Any,
    ) -> None:
        """Put what is done in this transaction into the audit log.

        Args:
            client: who does it.
            action, target, detail: see :class:`~gateway.control.audit.event.AuditEvent`.
        """
        event = AuditEvent(self.now_ms(), client, action, target, detail=detail)
        await self.audit.append(connection, event)

    async def record_about(
        self,
        connection: AsyncConnection,
        resident_id: str,
        client: str,
        action: str,
        target: str = "",
        **detail: Any,
    ) -> None:
        """The same, about a resident."""
        subject = self.pseudonyms.of(resident_id, SECTOR)
        event = AuditEvent(self.now_ms(), client, action, target, subject, detail)
        await self.audit.append(connection, event)

    def token_maker(self, now: int) -> TokenMaker:
        return TokenMaker(self.public_url, self.publisher.current.keys, self.pseudonyms, now)

    @asynccontextmanager
    async def change(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that changes the policy; when it ends, the new policy is published."""
        async with self.publisher.change() as connection:
            yield connection


def _control(request: Request) -> Control:
    return cast(Control, request.app.state.control)


ControlDep = Annotated[Control, Depends(_control)]
