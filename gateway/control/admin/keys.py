"""Signing keys: rotate."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from gateway.control.oauth import signing_keys
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.scopes import OPERATOR_KEYS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


class Rotation(Wire):
    immediately: bool = Field(
        default=False,
        description="The old key is believed stolen: every token that it signed is void now",
    )


class KeyState(Wire):
    """A published key. Times in seconds since the epoch."""

    kid: str
    alg: str
    signs_from: int
    retires: int | None = Field(description="Unpublished from then on; null while it is to sign")


class Rotated(Wire):
    kid: str = Field(description="The new key")
    keys: list[KeyState]


@router.post(
    "/keys/rotate",
    operation_id="rotateKeys",
    summary="Make a new signing key; without `immediately` no good token is refused",
    openapi_extra=operation(OPERATOR_KEYS),
)
async def rotate_keys(rotation: Rotation, control: ControlDep, caller: CallerDep) -> Rotated:
    now = control.now()
    async with control.change() as connection:
        kid = await signing_keys.rotate(
            connection, control.secrets, now, immediately=rotation.immediately
        )
        how = {"immediately": rotation.immediately}
        await control.record(connection, caller.actor, "key.rotate", kid, **how)
    return Rotated(kid=kid, keys=_keys(control))


@router.get(
    "/keys",
    operation_id="listKeys",
    summary="The published keys, when each signs and until when it is published",
    openapi_extra=operation(OPERATOR_KEYS),
)
async def list_keys(control: ControlDep) -> list[KeyState]:
    return _keys(control)


def _keys(control: Control) -> list[KeyState]:
    return [
        KeyState(kid=key.kid, alg=key.alg, signs_from=key.signs_from, retires=key.retires)
        for key in control.publisher.current.keys.keys
    ]
