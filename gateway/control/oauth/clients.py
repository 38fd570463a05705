"""Registered clients (RFC 6749 §2, RFC 7591 §2): what they are and what they may ask for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from schemas.policy import ClientClass
from schemas.problem import Conflict
from schemas.purposes import SERVICE
from schemas.scopes import parse

CLIENT_CREDENTIALS: Final = "client_credentials"
AUTHORIZATION_CODE: Final = "authorization_code"
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 - the name of a grant
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - another
BASIC: Final = "client_secret_basic"
PRIVATE_KEY_JWT: Final = "private_key_jwt"
PUBLIC: Final = "none"

State = Literal["pending", "active", "refused", "deleted"]
Shown = Literal["pending", "active", "refused", "deleted", "suspended", "waiting"]
"""What can be looked for: a state, or who is suspended, or who waits for an operator: a new client,
or one that would like to be more."""
PENDING: Final = "pending"
"""It registered itself: it can authenticate, and gets nothing until an operator approves it."""
ACTIVE: Final = "active"
REFUSED: Final = "refused"
DELETED: Final = "deleted"
"""By itself. Its name stays, for the residents who once agreed to it."""
KEPT_UNAPPROVED: Final = 30 * 86_400
"""Seconds for which who was not approved is remembered."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client, with the methods that Authlib asks of it."""

    client_id: str
    name: str
    client_class: ClientClass
    scopes: tuple[str, ...]
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    auth_method: str
    rate: tuple[int, int]
    """Requests per seconds."""
    quota: int = 0
    """Requests a day; 0 for any number."""
    secret_hash: str = ""
    old_secret_hash: str = ""
    old_secret_until: int = 0
    """Until then the secret before the present one is good too; see :meth:`secret_hashes`."""
    dpop_bound: bool = False
    """Its tokens are bound to a key, always (RFC 9449 §5.2)."""
    pushed_only: bool = False
    """Its authorization requests are pushed, always (RFC 9126 §6)."""
    jwks: dict[str, Any] | None = None
    suspended: bool = False
    paused: bool = False
    """It is its owner who suspended it, and who may end that."""
    revoked_before: int = 0
    created: int = 0
    state: State = ACTIVE
    management_hash: str = ""
    """Of the token by which it manages its registration (RFC 7592); empty if an operator does."""
    proposed: dict[str, Any] | None = None
    """Metadata that it would like to have instead, and an operator has not approved yet."""
    purposes: tuple[str, ...] = (SERVICE,)
    """What it may use personal data for (:mod:`schemas.purposes`); the first unless it says so."""
    organisation: str = ""
    """Whose it is: what several clients of one organisation get is together in its hands."""
    owner: str = ""
    """``staff_id`` of the developer who keeps it; empty if nobody of them does."""
    sandbox: bool = False
    """For developers' tests, for good (:mod:`gateway.control.oauth.sandbox`)."""
    asked: tuple[str, ...] = ()
    """The scopes that its owner asked for last, of which :attr:`scopes` may be fewer."""

    @property
    def receiver(self) -> str:
        """Who receives what this client gets: the organisation, or the client where it has none."""
        return self.organisation or self.client_id

    def secret_hashes(self, now: int) -> tuple[str, str]:
        """Of the secret, and of the one before while that is good too; each may be empty."""
        return self.secret_hash, self.old_secret_hash if now < self.old_secret_until else ""

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """RFC 6749 §3.1.2.3: it may be left out only where exactly one is registered."""
        only = len(self.redirect_uris) == 1 and self.state == ACTIVE
        return self.redirect_uris[0] if only else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """All the client's scopes when it names none; ``None`` when it names another's."""
        wanted = parse(scope or "") or frozenset(self.scopes)
        return " ".join(sorted(wanted)) if wanted <= frozenset(self.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Exact comparison (OAuth 2.1 §4.1.3). A native app that registers a loopback address
        without a port may bring any: it learns the port only when it listens (§8.4.2)."""
        portless = _LOOPBACK_PORT.sub(r"\1", redirect_uri)
        # nobody is sent where a client that nobody has looked at wants them (RFC 9700 §4.11)
        known = redirect_uri in self.redirect_uris or portless in self.redirect_uris
        return known and self.state == ACTIVE

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and AUTHORIZATION_CODE in self.grant_types

    @property
    def is_public(self) -> bool:
        return self.auth_method == PUBLIC

    @property
    def may_act(self) -> bool:
        """Whether it can be named in a consent, to act for the resident (RFC 8693)."""
        active = self.state == ACTIVE and not self.suspended
        return active and TOKEN_EXCHANGE in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


_LOOPBACK_PORT: Final = re.compile(r"\A(http://(?:127\.0\.0\.1|\[::1\])):\d{1,5}(?=/|\Z)")


async def find(connection: AsyncConnection, client_id: str) -> Client | None:
    query = select(tables.clients).where(tables.clients.c.client_id == client_id)
    row = (await connection.execute(query)).one_or_none()
    return _read(row) if row else None


async def find_all(connection: AsyncConnection) -> list[Client]:
    rows = await connection.execute(select(tables.clients).order_by(tables.clients.c.client_id))
    return [_read(row) for row in rows]


async def find_of_owner(connection: AsyncConnection, staff_id: str) -> list[Client]:
    """A developer's own, oldest first, without those that were deleted."""
    table = tables.clients
    query = select(table).where(table.c.owner == staff_id, table.c.state != DELETED)
    return [_read(row) for row in await connection.execute(query.order_by(table.c.created))]


async def suspend_sandbox_of(connection: AsyncConnection, staff_id: str, now: int) -> None:
    """The sandbox applications of a developer who may not go on; live ones are the city's to judge,
    for residents use them."""
    table = tables.clients
    mine = (table.c.owner == staff_id) & table.c.sandbox & ~table.c.suspended
    stopped = {"suspended": True, "paused": False, "revoked_before": now}
    await connection.execute(update(table).where(mine).values(**stopped))


async def search(
    connection: AsyncConnection,
    *,
    text: str = "",
    state: Shown | None = None,
    client_class: ClientClass | None = None,
    sandbox: bool | None = None,
    owner: str = "",
    after: str = "",
    limit: int | None = None,
) -> list[Client]:
    """Clients in the order of their ids.

    Args:
        text: in the id, the name or the organisation, in whatever case.
        after: only those whose ids come later.
    """
    c = tables.clients.c
    query = select(tables.clients).order_by(c.client_id).limit(limit)
    if text:
        named = (c.client_id, c.name, c.organisation)
        query = query.where(or_(*(one.icontains(text, autoescape=True) for one in named)))
    if state == "suspended":
        query = query.where(c.suspended)
    elif state == "waiting":
        query = query.where(or_(c.state == PENDING, c.proposed != ""))
    elif state is not None:
        query = query.where(c.state == state, ~c.suspended)
    if client_class is not None:
        query = query.where(c.client_class == client_class)
    if sandbox is not None:
        query = query.where(c.sandbox if sandbox else ~c.sandbox)
    if owner:
        query = query.where(c.owner == owner)
    if after:
        query = query.where(c.client_id > after)
    return [_read(row) for row in await connection.execute(query)]


async def count_pending(connection: AsyncConnection) -> int:
    table = tables.clients
    query = select(func.count()).select_from(table).where(table.c.state == PENDING)
    return (await connection.execute(query)).scalar_one()


async def forget_unapproved(connection: AsyncConnection, now: int) -> None:
    """Delete who registered long ago and was never approved."""
    table = tables.clients
    await connection.execute(
        delete(table).where(
            table.c.state.in_((PENDING, REFUSED)), table.c.created < now - KEPT_UNAPPROVED
        )
    )


async def add(connection: AsyncConnection, client: Client) -> None:
    """Raises:
    Conflict: the ``client_id`` is taken.
    """
    try:
        await connection.execute(insert(tables.clients).values(**_write(client)))
    except IntegrityError as error:
        raise Conflict(f"There is a client {client.client_id!r} already.") from error


async def replace(connection: AsyncConnection, client: Client) -> None:
    table = tables.clients
    await connection.execute(
        update(table).where(table.c.client_id == client.client_id).values(**_write(client))
    )


def _write(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "client_class": client.client_class,
        "scope": " ".join(client.scopes),
        "grant_types": " ".join(client.grant_types),
        "redirect_uris": json.dumps(client.redirect_uris),
        "auth_method": client.auth_method,
        "secret_hash": client.secret_hash,
        "old_secret_hash": client.old_secret_hash,
        "old_secret_until": client.old_secret_until,
        "jwks": json.dumps(client.jwks) if client.jwks else "",
        "dpop_bound": client.dpop_bound,
        "pushed_only": client.pushed_only,
        "state": client.state,
        "management_hash": client.management_hash,
        "proposed": json.dumps(client.proposed) if client.proposed else "",
        "rate_requests": client.rate[0],
        "rate_seconds": client.rate[1],
        "quota": client.quota,
        "purposes": " ".join(client.purposes),
        "organisation": client.organisation,
        "owner": client.owner,
        "sandbox": client.sandbox,
        "asked": " ".join(client.asked),
        "suspended": client.suspended,
        "paused": client.paused,
        "revoked_before": client.revoked_before,
        "created": client.created,
    }


def _read(row: Any) -> Client:
    return Client(
        client_id=row.client_id,
        name=row.name,
        client_class=cast(ClientClass, row.client_class),
        scopes=_words(row.scope),
        grant_types=_words(row.grant_types),
        redirect_uris=tuple(json.loads(row.redirect_uris)),
        auth_method=row.auth_method,
        rate=(row.rate_requests, row.rate_seconds),
        quota=row.quota,
        secret_hash=row.secret_hash,
        old_secret_hash=row.old_secret_hash,
        old_secret_until=row.old_secret_until,
        jwks=json.loads(row.jwks) if row.jwks else None,
        dpop_bound=row.dpop_bound,
        pushed_only=row.pushed_only,
        state=cast(State, row.state),
        management_hash=row.management_hash,
        proposed=json.loads(row.proposed) if row.proposed else None,
        suspended=row.suspended,
        paused=row.paused,
        revoked_before=row.revoked_before,
        created=row.created,
        purposes=_words(row.purposes),
        organisation=row.organisation,
        owner=row.owner,
        sandbox=row.sandbox,
        asked=_words(row.asked),
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())
