"""A developer's own applications: making, changing, pausing and ending them.

What somebody else owns is not there (404): nobody learns by asking which applications exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import second_factor
from gateway.control.oauth import clients, manage, sandbox
from gateway.control.oauth.approval import beyond_asking, needs_approval, with_metadata
from gateway.control.oauth.clients import Client
from gateway.control.oauth.register import MOST_PENDING
from gateway.control.oauth.registration import ClientMetadata, make_client
from gateway.control.secrets import new_token
from gateway.control.staff.accounts import Staff
from gateway.control.state import Control
from schemas.problem import Conflict, Fault, Forbidden, NotFound, Unavailable, Unprocessable

MOST_APPS: Final = 10
"""Of one developer, those that were ended not counted."""


@dataclass(frozen=True, slots=True)
class Made:
    """What is shown once, and is nowhere in clear afterwards.

    Attributes:
        secret: empty where the application has none.
        management: its registration access token (RFC 7592).
    """

    client: Client
    secret: str
    management: str = ""


async def own(control: Control, staff: Staff) -> list[Client]:
    """All of the developer's, oldest first."""
    async with control.store.read() as connection:
        return await clients.find_of_owner(connection, staff.staff_id)


async def find(connection: AsyncConnection, staff: Staff, client_id: str) -> Client:
    """One of the developer's own.

    Raises:
        NotFound: there is none of this id that is theirs.
    """
    client = await clients.find(connection, client_id)
    mine = client is not None and client.owner == staff.staff_id
    if client is None or not mine or client.state == clients.DELETED:
        raise NotFound("You have no application of this id.")
    return client


async def create(
    control: Control, staff: Staff, metadata: ClientMetadata, *, live: bool = False, code: str = ""
) -> Made:
    """A new application: in the sandbox at once, or live when an operator approves it.

    Args:
        code: what the developer's authenticator shows; asked for a live one alone.

    Raises:
        Unprocessable: it asks for what it cannot have.
        Forbidden: a live one without an authenticator's code.
        Conflict: the developer has as many as one may have.
    """
    check_scopes(control, metadata, live=live)
    client, secret = make_client(metadata, control.secrets, control.now())
    management = new_token()
    client = replace(
        client,
        owner=staff.staff_id,
        management_hash=control.secrets.hash(management),
        asked=client.scopes,
    )
    if live:
        client = replace(client, state=clients.PENDING)
    else:
        client = replace(client, sandbox=True, rate=sandbox.RATE, quota=sandbox.QUOTA)
    begin = control.store.write if live else control.change
    async with begin() as connection:
        await _check_counts(control, connection, staff, live=live)
        if live and not await _proves(control, connection, staff, code):
            raise Forbidden("A live application needs your authenticator's number.", slug="code")
        await clients.add(connection, client)
        await _record(control, connection, staff, "register", client)
    return Made(client, secret, management)


async def change(
    control: Control, staff: Staff, client_id: str, metadata: ClientMetadata
) -> Client:
    """What it is to be instead: at once in the sandbox, or where it is less; else as a proposal."""

    def changed(client: Client) -> Client:
        kept = metadata.model_copy(
            update={"token_endpoint_auth_method": client.auth_method, "jwks": client.jwks}
        )
        check_scopes(control, kept, live=not client.sandbox)
        wanted, _ = make_client(kept, control.secrets, client.created)
        if client.state == clients.REFUSED:
            raise Conflict("This application was refused; register another.")
        if client.state == clients.ACTIVE and needs_approval(client, wanted):
            proposed = kept.model_dump(mode="json")
            return replace(client, proposed=proposed, asked=wanted.scopes)
        return replace(with_metadata(client, wanted), asked=wanted.scopes)

    return await change_own(control, staff, client_id, "change", changed)


async def pause(control: Control, staff: Staff, client_id: str) -> Client:
    """Refuse it from now on, and void the tokens it has, until :func:`resume`."""

    def paused(client: Client) -> Client:
        if client.suspended:
            raise Conflict("It is suspended already.")
        return replace(client, suspended=True, paused=True, revoked_before=control.now())

    return await change_own(control, staff, client_id, "suspend", paused)


async def resume(control: Control, staff: Staff, client_id: str) -> Client:
    """Raises:
    Conflict: it is not the owner who suspended it.
    """

    def resumed(client: Client) -> Client:
        if not client.paused:
            raise Conflict("An operator suspended it, and an operator can end that.")
        return replace(client, suspended=False, paused=False)

    return await change_own(control, staff, client_id, "resume", resumed)


async def end(control: Control, staff: Staff, client_id: str) -> None:
    """For good: its tokens are void, what residents agreed to ends, and they are told."""
    async with control.store.read() as connection:
        client = await find(connection, staff, client_id)
    await manage.delete(control, client, staff.account)


async def change_own(
    control: Control,
    staff: Staff,
    client_id: str,
    verb: str,
    change: Callable[[Client], Client],
    **more: Any,
) -> Client:
    """Change one of the developer's own, and put it into the audit log as ``client.<verb>``."""
    async with control.change() as connection:
        changed = change(await find(connection, staff, client_id))
        await clients.replace(connection, changed)
        await _record(control, connection, staff, verb, changed, **more)
    return changed


def check_scopes(control: Control, metadata: ClientMetadata, *, live: bool) -> None:
    """Raises:
    Unprocessable: a scope that such an application is never given.
    """
    asked = metadata.scope.split()
    apis = control.publisher.current.apis
    if too_much := beyond_asking(metadata.scope) if live else sandbox.beyond(asked, apis):
        fix = "Ask the city's operators." if live else "Ask for a live application."
        fault = Fault("/scope", f"{too_much[0]!r} cannot be had here.", fix)
        raise Unprocessable("A scope is not to be had.", faults=[fault])


async def has_authenticator(control: Control, staff: Staff) -> bool:
    async with control.store.read() as connection:
        factor = await second_factor.find(connection, control.secrets, staff.account)
    return factor is not None and factor.confirmed


async def _proves(control: Control, connection: AsyncConnection, staff: Staff, code: str) -> bool:
    """A factor that is only proposed is none: it is confirmed at its own page."""
    factor = await second_factor.find(connection, control.secrets, staff.account)
    if factor is None or not factor.confirmed:
        return False
    return await second_factor.use(connection, control.secrets, staff.account, code, control.now())


async def _check_counts(
    control: Control, connection: AsyncConnection, staff: Staff, *, live: bool
) -> None:
    if len(await clients.find_of_owner(connection, staff.staff_id)) >= MOST_APPS:
        raise Conflict(
            f"You have {MOST_APPS} applications, which is the most: end one that you do not need."
        )
    if live and await clients.count_pending(connection) >= MOST_PENDING:
        raise Unavailable("Too many clients wait for approval: ask the city's operators.")


async def _record(
    control: Control, connection: AsyncConnection, staff: Staff, verb: str, client: Client,
    **more: Any,
) -> None:  # fmt: skip
    what = {"scopes": list(client.scopes), "sandbox": client.sandbox, "state": client.state, **more}
    await control.record(connection, staff.account, f"client.{verb}", client.client_id, **what)
