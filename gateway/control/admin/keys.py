"""Signing keys: rotate."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.control.oauth import signing_keys
from gateway.control.state import ControlDep
from schemas.scopes import OPERATOR_KEYS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


class Rotation(BaseModel):
    immediately: bool = Field(
        default=False,
        description="The old key is believed stolen: every token that it signed is void now",
    )


@router.post(
    "/keys/rotate",
    operation_id="rotateKeys",
    summary="Make a new signing key; without `immediately` no good token is refused",
    openapi_extra=operation(OPERATOR_KEYS),
)
async def rotate_keys(rotation: Rotation, control: ControlDep) -> dict[str, Any]:
    now = control.now()
    async with control.change() as connection:
        kid = await signing_keys.rotate(
            connection, control.secrets, now, immediately=rotation.immediately
        )
    return {"kid": kid, "keys": _keys(control)}


@router.get(
    "/keys",
    operation_id="listKeys",
    summary="The published keys, when each signs and until when it is published",
    openapi_extra=operation(OPERATOR_KEYS),
)
async def list_keys(control: ControlDep) -> list[dict[str, Any]]:
    return _keys(control)


def _keys(control: ControlDep) -> list[dict[str, Any]]:
    return [
        {"kid": key.kid, "alg": key.alg, "signsFrom": key.signs_from, "retires": key.retires}
        for key in control.publisher.current.keys.keys
    ]
