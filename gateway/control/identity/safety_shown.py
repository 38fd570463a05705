"""What the page ``/my/safety`` shows."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Response
from sqlalchemy import select

from gateway.control import second_factor, tables
from gateway.control.identity import signed_in
from gateway.control.identity.signed_in import SignedIn
from gateway.control.pages.texts import TEXTS
from gateway.control.resident import room
from gateway.control.resident.history import local
from gateway.control.resident.room import Home
from gateway.control.residents import Resident
from gateway.control.second_factor import Factor
from gateway.control.staff import qr
from gateway.control.state import Control

PATH: Final = room.SAFETY


async def show(home: Home, message: str = "", status: int = 200, notice: str = "") -> Response:
    control, resident = home.control, home.resident
    factor = await _factor(control, resident)
    return home.page(
        "safety.html",
        PATH,
        message=message,
        notice=notice,
        status=status,
        confirmed=factor.confirmed,
        qr=qr.svg(factor.uri(resident.username, TEXTS["en"]["platform"])),
        key=qr.spelled(factor.key),
        sessions=[
            _session(one, home) for one in await signed_in.of(control, home.browser, resident)
        ],
        holders=home.text("comma").join(
            home.text(f"domain_{one}") or one for one in await _holders(control, resident)
        ),
        download=home.url(room.DOWNLOAD),
    )


def _session(one: SignedIn, home: Home) -> dict[str, Any]:
    means = [home.text(f"session_means_{name}") for name in one.means]
    return {
        "name": one.name,
        "here": one.here,
        "device": one.device or home.text("session_unknown"),
        "since": home.text("session_since").format(at=local(one.began)),
        "means": home.text("comma").join(filter(None, means)),
    }


async def _holders(control: Control, resident: Resident) -> list[str]:
    """Domains whose holders know the resident."""
    table = tables.links
    query = select(table.c.domain).where(table.c.resident_id == resident.resident_id)
    async with control.store.read() as connection:
        return sorted(await connection.scalars(query))


async def _factor(control: Control, resident: Resident) -> Factor:
    """The resident's, or one proposed: the same until it is confirmed."""
    async with control.store.write() as connection:
        held = await second_factor.find(connection, control.secrets, resident.account)
        return held or await second_factor.propose(
            connection, control.store, control.secrets, resident.account
        )
