"""Signing in as staff: name, password and the authenticator's code, all three at once.

What was wrong is not said: neither whether the account exists, nor which of the three it was.
"""

from __future__ import annotations

from typing import Final

from gateway.control import brakes, second_factor
from gateway.control.residents import LONGEST_PASSWORD, as_kept
from gateway.control.staff import accounts
from gateway.control.staff.accounts import Staff
from gateway.control.state import Control

SHORTEST_PASSWORD: Final = 12


async def authenticate(
    control: Control, username: str, password: str, code: str, address: str
) -> Staff | None:
    """The member of staff who has all three.

    Args:
        address: the source address, as the gateway saw it.

    Raises:
        MustWait: for the account or the address; who is right waits too.
    """
    username = as_kept(username)
    held = brakes.of(control.secrets, "staff", username, address)
    async with control.store.write() as connection:
        await brakes.count(connection, held, control.now())
        staff = await accounts.find_by_username(connection, username)
    stored = staff.password_hash if staff and not staff.suspended else ""
    if not await control.passwords.matches(password[:LONGEST_PASSWORD], stored) or staff is None:
        return None
    async with control.store.write() as connection:
        if not await second_factor.use(
            connection, control.secrets, staff.account, code, control.now()
        ):
            return None
        await brakes.release(connection, held)
    return staff
