"""The client that ``supercity login`` is: public, for devices, and there in every city."""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.staff.device_grant import DEVICE_CODE
from gateway.control.staff.roles import ROLES, scopes_of

CLIENT_ID: Final = "supercity-cli"


async def ensure(connection: AsyncConnection, now: int) -> None:
    """Bring it to what it is; it may ask for whatever some role has, and gets what the person's
    roles have."""
    held = await clients.find(connection, CLIENT_ID)
    client = Client(
        client_id=CLIENT_ID,
        name="supercity (command line)",
        client_class="operator",
        scopes=tuple(sorted(scopes_of(ROLES))),
        grant_types=(DEVICE_CODE,),
        redirect_uris=(),
        auth_method=clients.PUBLIC,
        rate=(600, 60),
        suspended=held.suspended if held else False,
        created=held.created if held else now,
    )
    await (clients.replace if held else clients.add)(connection, client)
