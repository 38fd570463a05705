"""Signing in as staff: name, password and the authenticator's code, all three at once.

What was wrong is not said: neither whether the account exists, nor which of the three it was.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import brakes, second_factor
from gateway.control.identity.means import BY_BOTH, BY_PASSWORD, Means
from gateway.control.residents import LONGEST_PASSWORD, as_kept
from gateway.control.staff import accounts
from gateway.control.staff.accounts import Staff
from gateway.control.staff.roles import Role
from gateway.control.state import Control

SHORTEST_PASSWORD: Final = 12
ONLY_DEVELOPER: Final[tuple[Role, ...]] = ("developer",)


async def authenticate(
    control: Control, username: str, password: str, code: str, address: str
) -> Staff | None:
    """The member of staff who has all three.

    Args:
        address: the source address, as the gateway saw it.

    Raises:
        MustWait: for the account or the address; who is right waits too.
    """
    shown = await _authenticate(control, username, password, code, address, developers=False)
    return shown[0] if shown else None


async def authenticate_in_browser(
    control: Control, username: str, password: str, code: str, address: str
) -> tuple[Staff, Means] | None:
    """The same, but a developer who has set up no authenticator needs none: for the sandbox, a
    password is enough.

    Raises:
        MustWait: as above.
    """
    return await _authenticate(control, username, password, code, address, developers=True)


async def _authenticate(
    control: Control, username: str, password: str, code: str, address: str, *, developers: bool
) -> tuple[Staff, Means] | None:
    username = as_kept(username)
    held = brakes.of(control.secrets, "staff", username, address)
    async with control.store.write() as connection:
        await brakes.count(connection, held, control.now())
        staff = await accounts.find_by_username(connection, username)
    stored = staff.password_hash if staff and not staff.suspended else ""
    if not await control.passwords.matches(password[:LONGEST_PASSWORD], stored) or staff is None:
        return None
    async with control.store.write() as connection:
        means = BY_PASSWORD
        if not (developers and await _is_developer_without(connection, control, staff)):
            if not await second_factor.use(
                connection, control.secrets, staff.account, code, control.now()
            ):
                return None
            means = BY_BOTH
        await brakes.release(connection, held)
    return staff, means


async def _is_developer_without(
    connection: AsyncConnection, control: Control, staff: Staff
) -> bool:
    """Whether they are nothing but a developer, and have no authenticator."""
    if staff.roles != ONLY_DEVELOPER:
        return False
    factor = await second_factor.find(connection, control.secrets, staff.account)
    return factor is None or not factor.confirmed
