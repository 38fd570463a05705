"""A resident's browser: the session after signing in, and CSRF tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from fastapi import Request, Response
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import brakes, residents, second_factor, tables
from gateway.control.identity.means import BY_BOTH, BY_PASSWORD, Means
from gateway.control.oauth.records import SignIn
from gateway.control.residents import Resident
from gateway.control.secrets import new_token
from gateway.control.state import Control

SESSION_LIFETIME: Final = 8 * 3600


class HasToken(Protocol):
    """A browser of anybody's, known by the value of its cookie."""

    @property
    def token(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser, before and after signing in.

    Attributes:
        token: value of its cookie; replaced at every sign-in (session fixation).
        resident: who is signed in; ``None`` for nobody.
        began: when they did so, in seconds since the epoch.
        means: how.
    """

    token: str
    resident: Resident | None = None
    began: int = 0
    means: Means = BY_PASSWORD

    @property
    def sign_in(self) -> SignIn:
        """What tokens say of it."""
        proofing = self.resident.proofing if self.resident else 1
        return SignIn(self.began, self.means.acr, self.means.amr, proofing)


def _cookie(control: Control) -> str:
    # the prefix makes browsers refuse the cookie without Secure, or for other hosts (RFC 6265bis)
    return "__Host-city" if control.public_url.startswith("https:") else "city"


async def read(request: Request, control: Control) -> Browser:
    token = request.cookies.get(_cookie(control), "")
    if not 20 <= len(token) <= 100:
        return Browser(new_token())
    async with control.store.read() as connection:
        table = tables.sessions
        query = select(table).where(
            table.c.hash == control.secrets.hash(token), table.c.expires > control.now()
        )
        found = (await connection.execute(query)).one_or_none()
        resident = await residents.find(connection, found.resident_id) if found else None
    if found is None or resident is None:
        return Browser(token)
    return Browser(token, resident, found.began, Means(found.acr, found.amr))


def remember(response: Response, control: Control, browser: Browser) -> None:
    response.set_cookie(
        _cookie(control),
        browser.token,
        max_age=SESSION_LIFETIME,
        path="/",
        secure=control.public_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def csrf_token(control: Control, browser: HasToken) -> str:
    """Bound to the browser's cookie, which no other site can read or choose."""
    return control.secrets.hash(f"csrf {browser.token}")


def csrf_matches(control: Control, browser: HasToken, given: str) -> bool:
    return control.secrets.matches(f"csrf {browser.token}", given)


async def begin(
    control: Control, old: Browser, resident: Resident, means: Means = BY_PASSWORD
) -> Browser:
    """Sign in, under a new token."""
    now = control.now()
    browser = Browser(new_token(), resident, now, means)
    async with control.store.write() as connection:
        await _forget(connection, control, old)
        await connection.execute(
            insert(tables.sessions).values(
                hash=control.secrets.hash(browser.token),
                resident_id=resident.resident_id,
                began=now,
                acr=means.acr,
                amr=means.amr,
                expires=now + SESSION_LIFETIME,
            )
        )
    return browser


async def end(control: Control, browser: Browser) -> Browser:
    async with control.store.write() as connection:
        await _forget(connection, control, browser)
    return Browser(new_token())


async def _forget(connection: AsyncConnection, control: Control, browser: Browser) -> None:
    hashed = control.secrets.hash(browser.token)
    await connection.execute(delete(tables.sessions).where(tables.sessions.c.hash == hashed))


async def authenticate(
    control: Control, username: str, password: str, address: str, code: str = ""
) -> tuple[Resident, Means] | None:
    """The resident with this password; and with this code, if they have set up an authenticator.

    Args:
        address: the source address, as the gateway saw it.
        code: what the authenticator app shows.

    Raises:
        MustWait: for the account or the address; a right password waits too.
    """
    username = residents.as_kept(username)
    held = brakes.of(control.secrets, "account", username, address)
    async with control.store.write() as connection:
        await brakes.count(connection, held, control.now())
        resident = await residents.find_by_username(connection, username)
    stored = resident.password_hash if resident else ""
    right = await control.passwords.matches(password[: residents.LONGEST_PASSWORD], stored)
    if resident is None or not right:
        return None
    async with control.store.write() as connection:
        means = await _second(control, connection, resident, code)
        if means is not None:
            await brakes.release(connection, held)
    return (resident, means) if means else None


async def _second(
    control: Control, connection: AsyncConnection, resident: Resident, code: str
) -> Means | None:
    """``None`` where a second factor is needed and was not shown."""
    secrets, account = control.secrets, resident.account
    factor = await second_factor.find(connection, secrets, account)
    if factor is None or not factor.confirmed:
        return BY_PASSWORD
    right = await second_factor.use(connection, secrets, account, code, control.now())
    return BY_BOTH if right else None
