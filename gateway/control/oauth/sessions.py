"""A resident's browser: the session after signing in, and CSRF tokens."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import brakes, residents, tables
from gateway.control.oauth.records import SignIn
from gateway.control.residents import Resident
from gateway.control.secrets import new_token
from gateway.control.state import Control

SESSION_LIFETIME: Final = 8 * 3600
ACR_1: Final = "urn:supercity:aal:1"
"""One factor (:data:`schemas.policy.ACR`)."""
BY_PASSWORD: Final = "pwd"  # noqa: S105 - the name of a method
"""RFC 8176."""


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser, before and after signing in.

    Attributes:
        token: value of its cookie; replaced at every sign-in (session fixation).
        resident: who is signed in; ``None`` for nobody.
        began: when they did so, in seconds since the epoch.
    """

    token: str
    resident: Resident | None = None
    began: int = 0

    @property
    def sign_in(self) -> SignIn:
        """How it was done: with a password, and nothing besides."""
        return SignIn(self.began, ACR_1, BY_PASSWORD)


def _cookie(control: Control) -> str:
    # the prefix makes browsers refuse the cookie without Secure, or for other hosts (RFC 6265bis)
    return "__Host-city" if control.public_url.startswith("https:") else "city"


async def read(request: Request, control: Control) -> Browser:
    token = request.cookies.get(_cookie(control), "")
    if not 20 <= len(token) <= 100:
        return Browser(new_token())
    async with control.store.read() as connection:
        table = tables.sessions
        query = select(table.c.resident_id, table.c.began).where(
            table.c.hash == control.secrets.hash(token), table.c.expires > control.now()
        )
        found = (await connection.execute(query)).one_or_none()
        resident = await residents.find(connection, found.resident_id) if found else None
    return Browser(token, resident, found.began if found else 0)


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


def csrf_token(control: Control, browser: Browser) -> str:
    """Bound to the browser's cookie, which no other site can read or choose."""
    return control.secrets.hash(f"csrf {browser.token}")


def csrf_matches(control: Control, browser: Browser, given: str) -> bool:
    return control.secrets.matches(f"csrf {browser.token}", given)


async def begin(control: Control, old: Browser, resident: Resident) -> Browser:
    """Sign in, under a new token."""
    now = control.now()
    browser = Browser(new_token(), resident, now)
    async with control.store.write() as connection:
        await _forget(connection, control, old)
        await connection.execute(
            insert(tables.sessions).values(
                hash=control.secrets.hash(browser.token),
                resident_id=resident.resident_id,
                began=now,
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
    control: Control, username: str, password: str, address: str
) -> Resident | None:
    """The resident with this password.

    Args:
        address: the source address, as the gateway saw it.

    Raises:
        MustWait: for the account or the address; a right password waits too.
    """
    username = unicodedata.normalize("NFKC", username).strip()[:100]
    held = {
        control.secrets.hash(f"account {username}"): brakes.FREE_TRIES,
        control.secrets.hash(f"address {address}"): brakes.FREE_TRIES_OF_ADDRESS,
    }
    async with control.store.write() as connection:
        await brakes.count(connection, held, control.now())
        resident = await residents.find_by_username(connection, username)
    stored = resident.password_hash if resident else ""
    if not await control.passwords.matches(password[: residents.LONGEST_PASSWORD], stored):
        return None
    async with control.store.write() as connection:
        await brakes.release(connection, held)
    return resident
