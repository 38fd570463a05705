"""Members of the staff and developers in a browser: their session, and pages that need one.

The session is a random token in a cookie of its own, beside the residents', whose keyed hash is in
the store. It ends 8 hours after signing in, after an hour without use, and at once when the person
is suspended or their roles change. The cookie is ``SameSite=Lax``, not ``Strict``: a link in a
message to a page of the console is to open that page. Whatever changes something is posted, with a
token of the form's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from fastapi import Request, Response
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.identity.means import BY_BOTH, BY_PASSWORD, Means
from gateway.control.oauth import sessions
from gateway.control.secrets import new_token
from gateway.control.staff import accounts
from gateway.control.staff.accounts import Staff
from gateway.control.staff.roles import Role
from gateway.control.staff.sign_in import ONLY_DEVELOPER
from gateway.control.state import Control

LIFETIME: Final = 8 * 3600
IDLE: Final = 3600
"""Seconds without a request after which a session is over."""
_NOTED_EVERY: Final = 60
SIGN_IN: Final = "/staff/sign-in"


@dataclass(frozen=True, slots=True)
class StaffBrowser:
    """One browser, before and after signing in.

    Attributes:
        token: value of its cookie; replaced at every sign-in (session fixation).
        csrf: what its forms carry, as ``csrf``.
        staff: who is signed in; ``None`` for nobody.
        means: how they showed who they are.
    """

    token: str
    csrf: str
    staff: Staff | None = None
    means: Means = BY_PASSWORD


class SignInFirst(Exception):
    """The page is for people who have signed in; ``back`` is where to go then."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back

    @property
    def location(self) -> str:
        return f"{SIGN_IN}?{urlencode({'next': self.back})}"


class NotForThem(Exception):
    """They have signed in, and the page is for other roles."""

    def __init__(self, browser: StaffBrowser, roles: tuple[Role, ...]) -> None:
        super().__init__(roles)
        self.browser = browser
        self.roles = roles


def _cookie(control: Control) -> str:
    # the prefix makes browsers refuse the cookie without Secure, or for other hosts (RFC 6265bis)
    return "__Host-staff" if control.public_url.startswith("https:") else "staff"


async def signed_in(request: Request, control: Control) -> StaffBrowser:
    """Who is at the browser that sends this request: perhaps nobody."""
    token = request.cookies.get(_cookie(control), "")
    if not 20 <= len(token) <= 100:
        return _browser(control, new_token())
    now, table = control.now(), tables.staff_sessions
    async with control.store.read() as connection:
        query = select(table).where(
            table.c.hash == control.secrets.hash(token),
            table.c.expires > now,
            table.c.seen > now - IDLE,
        )
        found = (await connection.execute(query)).one_or_none()
        staff = await accounts.find(connection, found.staff_id) if found else None
    if found is None or staff is None or staff.suspended:
        return _browser(control, token)
    means = Means(found.acr, found.amr)
    if means != BY_BOTH and staff.roles != ONLY_DEVELOPER:
        return _browser(control, token)
    if found.seen <= now - _NOTED_EVERY:
        async with control.store.write() as connection:
            await connection.execute(
                update(table).where(table.c.hash == found.hash).values(seen=now)
            )
    return _browser(control, token, staff, means)


async def require(request: Request, control: Control, *roles: Role) -> StaffBrowser:
    """The browser of somebody with one of ``roles``.

    Raises:
        SignInFirst: nobody has signed in there; the application sends them to the sign-in page.
        NotForThem: somebody with other roles has; the application shows a page that says so.
    """
    browser = await signed_in(request, control)
    if browser.staff is None:
        query = f"?{request.url.query}" if request.url.query else ""
        # a form is not posted again after signing in: its page is shown
        raise SignInFirst(request.url.path + (query if request.method == "GET" else ""))
    if not set(browser.staff.roles) & set(roles):
        raise NotForThem(browser, roles)
    return browser


def remember(response: Response, control: Control, browser: StaffBrowser) -> None:
    response.set_cookie(
        _cookie(control),
        browser.token,
        max_age=LIFETIME,
        path="/",
        secure=control.public_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


async def begin(control: Control, old: StaffBrowser, staff: Staff, means: Means) -> StaffBrowser:
    """Sign in, under a new token."""
    now, token = control.now(), new_token()
    async with control.store.write() as connection:
        await _forget(connection, control, old)
        await connection.execute(
            insert(tables.staff_sessions).values(
                hash=control.secrets.hash(token),
                staff_id=staff.staff_id,
                began=now,
                seen=now,
                acr=means.acr,
                amr=means.amr,
                expires=now + LIFETIME,
            )
        )
        await control.record(connection, staff.account, "staff.sign-in", app="browser")
    return _browser(control, token, staff, means)


async def end(control: Control, browser: StaffBrowser) -> StaffBrowser:
    async with control.store.write() as connection:
        await _forget(connection, control, browser)
    return _browser(control, new_token())


async def _forget(connection: AsyncConnection, control: Control, browser: StaffBrowser) -> None:
    table = tables.staff_sessions
    hashed = control.secrets.hash(browser.token)
    await connection.execute(delete(table).where(table.c.hash == hashed))


def _browser(
    control: Control, token: str, staff: Staff | None = None, means: Means = BY_PASSWORD
) -> StaffBrowser:
    blank = StaffBrowser(token, "", staff, means)
    return StaffBrowser(token, sessions.csrf_token(control, blank), staff, means)
