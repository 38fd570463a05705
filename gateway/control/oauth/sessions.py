"""A resident's browser: the session after signing in, and CSRF tokens."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import brakes, residents, tables
from gateway.control.residents import Resident
from gateway.control.secrets import new_token
from gateway.control.state import Control

SESSION_LIFETIME: Final = 8 * 3600


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser, before and after signing in.

    Attributes:
        token: value of its cookie; replaced at every sign-in (session fixation).
        resident: who is signed in; ``None`` for nobody.
    """

    token: str
    resident: Resident | None = None


def _cookie(control: Control) -> str:
    # the prefix makes browsers refuse the cookie without Secure, or for other hosts (RFC 6265bis)
    return "__Host-city" if control.public_url.startswith("https:") else "city"


async def read(request: Request, control: Control) -> Browser:
    token = request.cookies.get(_cookie(control), "")
    if not 20 <= len(token) <= 100:
        return Browser(new_token())
    async with control.store.read() as connection:
        table = tables.sessions
        query = select(table.c.resident_id).where(
            table.c.hash == control.secrets.hash(token), table.c.expires > control.now()
        )
        resident_id = (await connection.execute(query)).scalar()
        resident = await residents.find(connection, resident_id) if resident_id else None
    return Browser(token, resident)


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
    browser = Browser(new_token(), resident)
    now = control.now()
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
