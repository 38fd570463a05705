"""The device authorization grant (RFC 8628): how staff sign in from a command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc8628 import DeviceCodeGrant
from authlib.oauth2.rfc8628.device_code import DEVICE_CODE_GRANT_TYPE
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.oauth import clients
from gateway.control.oauth.exchange import Exchange
from gateway.control.staff.device_requests import INTERVAL, DeviceRequest
from gateway.control.staff.grants import StaffGrant

DEVICE_CODE: Final = DEVICE_CODE_GRANT_TYPE


@dataclass(frozen=True, slots=True)
class Credential:
    """A device's request with the methods that Authlib asks of it."""

    request: DeviceRequest
    now: int

    def get_client_id(self) -> str:
        return self.request.client_id

    def get_scope(self) -> str:
        return self.request.scope

    def get_user_code(self) -> str:
        return ""  # looked up together with the request

    def is_expired(self) -> bool:
        return self.now >= self.request.expires


@dataclass(frozen=True, slots=True)
class NoteAsked:
    """The device has asked: §3.5 slows down who asks too often."""

    hash: str

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        table = tables.device_requests
        await connection.execute(update(table).where(table.c.hash == self.hash).values(asked=now))


@dataclass(frozen=True, slots=True)
class UseDevice:
    """A device code is good for one token."""

    hash: str

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        table = tables.device_requests
        used = await connection.execute(delete(table).where(table.c.hash == self.hash))
        if used.rowcount != 1:
            raise InvalidGrantError(description="This device code was used before.")


class DeviceCode(DeviceCodeGrant):  # type: ignore[misc]
    """The token endpoint's part; the decision was taken at ``/staff/device``."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = [clients.BASIC, clients.PRIVATE_KEY_JWT, clients.PUBLIC]

    def query_device_credential(self, device_code: str) -> Credential | None:
        exchange: Exchange = self.request
        found = exchange.found.device
        if found is None:
            return None
        exchange.penalties.append(NoteAsked(found.hash))
        return Credential(found, exchange.now)

    def query_user_grant(self, user_code: str) -> tuple[StaffGrant | None, bool] | None:
        exchange: Exchange = self.request
        found, grant = exchange.found.device, exchange.found.staff_grant
        if found is None or not (found.denied or found.gid):
            return None
        if grant is None or not grant.is_alive(exchange.now):
            return None, False
        exchange.effects.insert(0, UseDevice(found.hash))
        return grant, True

    def should_slow_down(self, credential: Credential) -> bool:
        return credential.now - credential.request.asked < INTERVAL
