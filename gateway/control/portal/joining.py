"""Making oneself a developer's account: anybody may, unless the city has switched it off."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import func, select

from gateway.control import brakes, tables
from gateway.control.residents import LONGEST_PASSWORD, as_kept
from gateway.control.staff import accounts
from gateway.control.staff.accounts import Staff
from gateway.control.staff.sign_in import SHORTEST_PASSWORD
from gateway.control.state import Control
from schemas.problem import Fault, Forbidden, Unavailable, Unprocessable

MOST_ACCOUNTS: Final = 10_000
FREE_OF_ADDRESS: Final = 50
"""Accounts from one source address before waiting begins: a whole class may sit behind one."""
_USERNAME: Final = re.compile(r"[\w.@+-]{3,100}")


async def join(control: Control, username: str, name: str, password: str, address: str) -> Staff:
    """A new account with the one role ``developer``.

    Args:
        address: the source address, as the gateway saw it.

    Raises:
        Forbidden: the city has switched it off.
        Unprocessable: a name or password that cannot be.
        Conflict: the user name is taken.
        MustWait: too many from one address.
        Unavailable: there are too many accounts.
    """
    if not control.offer.join:
        raise Forbidden("Accounts are made by the city's operators here: ask them.", slug="closed")
    username, name = as_kept(username), as_kept(name)
    _check(username, name, password)
    held = {control.secrets.hash(f"join from {address}"): FREE_OF_ADDRESS}
    async with control.store.write() as connection:
        await brakes.count(connection, held, control.now())
    hashed = await control.passwords.hash(password)
    staff = accounts.new_staff(username, name, ("developer",), control.now())
    async with control.store.write() as connection:
        count = select(func.count()).select_from(tables.staff)
        if (await connection.execute(count)).scalar_one() >= MOST_ACCOUNTS:
            raise Unavailable("There are too many accounts: ask the city's operators.")
        await accounts.add(connection, staff)
        staff = await accounts.set_password(connection, staff, hashed)
        await control.record(connection, staff.account, "staff.join", staff.staff_id)
    return staff


def _check(username: str, name: str, password: str) -> None:
    faults = []
    if not _USERNAME.fullmatch(username):
        faults.append(Fault("/username", "is 3 to 100 letters, digits, and . @ + - _"))
    if not name:
        faults.append(Fault("/name", "is missing"))
    long_enough = SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD
    if not long_enough or username.lower() in password.lower():
        what = f"is {SHORTEST_PASSWORD} characters or more, and not the user name"
        faults.append(Fault("/password", what))
    if faults:
        raise Unprocessable("The account cannot be made like this.", faults=faults)
