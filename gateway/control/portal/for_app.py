"""The portal as a client of the events API in an application's name, for its owner.

With a token that is made here for the application and holds the scope ``events:read`` alone, if the
application holds it too: what the application itself may not do, its owner cannot do here. The
token leaves this process towards the gateway only; that one was made is in the audit log, with who
had it made. Calls count as the application's own.
"""

from __future__ import annotations

from typing import Any, Final, cast

from fastapi import Request

from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.staff.accounts import Staff
from gateway.control.staff.acting import Acting, Answer
from gateway.control.state import Control
from schemas.scopes import EVENTS_READ

LIFETIME: Final = 600
_NEAR_ITS_END: Final = 60


class CannotAct(Exception):
    """The application could not do it either; ``reason`` is a key of the page's texts."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Tokens:
    """Tokens that were made, by application and owner, until near their ends.

    They are kept in this process alone. One that was made before the application's tokens were
    revoked, or had other scopes, is refused by the gateway like any other.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[str, int]] = {}

    async def of(self, control: Control, staff: Staff, client: Client) -> str:
        now, key = control.now(), (client.client_id, staff.staff_id)
        token, ends = self._held.get(key, ("", 0))
        if ends - _NEAR_ITS_END > now and ends - LIFETIME > client.revoked_before:
            return token
        async with control.store.write() as connection:
            await control.record(
                connection, staff.account, "client.act", client.client_id, scopes=[EVENTS_READ]
            )
        maker = control.token_maker(now)
        token, lifetime = maker.make(client, EVENTS_READ, None, longest=LIFETIME)
        self._held = {one: kept for one, kept in self._held.items() if kept[1] > now}
        self._held[key] = (token, now + lifetime)
        return token


async def ask_for(
    request: Request,
    control: Control,
    staff: Staff,
    client: Client,
    method: str,
    path: str,
    **query: Any,
) -> Answer:
    """Have the events API do something in the name of an application.

    Args:
        staff: its owner, who has signed in at the page.
        path: below ``/events/v1/webhooks``.

    Raises:
        CannotAct: the application is not active, or gets no such token for itself.
    """
    if client.suspended or client.state != clients.ACTIVE:
        raise CannotAct("webhooks_inactive")
    if EVENTS_READ not in client.scopes:
        raise CannotAct("webhooks_scope")
    if clients.CLIENT_CREDENTIALS not in client.grant_types:
        raise CannotAct("webhooks_itself")
    acting = cast(Acting, request.app.state.acting)
    tokens = cast(Tokens, request.app.state.app_tokens)
    token = await tokens.of(control, staff, client)
    params = {name: value for name, value in query.items() if value}
    return await acting.with_token(token, method, f"/events/v1/webhooks{path}", params=params)
