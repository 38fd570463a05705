"""UserInfo (OpenID Connect Core 1.0 §5.3): what a resident lets a client know of who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from authlib.oauth2.rfc6749 import OAuth2Error
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gateway.control import residents
from gateway.control.audit.event import SECTOR, AuditEvent
from gateway.control.audit.uses import ACCESS
from gateway.control.oauth import found_token, signatures
from gateway.control.oauth.dpop import InvalidProof
from gateway.control.oauth.effects import UseProof
from gateway.control.oauth.found_token import Presented
from gateway.control.oauth.records import Grant
from gateway.control.oauth.token import NO_STORE, read_proof
from gateway.control.state import Control, ControlDep
from schemas import purposes
from schemas.scopes import OPENID, PROFILE, parse
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

PATH: Final = "/oauth/userinfo"
CLAIMS: Final = ("name",)
_OPERATION = operation(access="open", priority="essential", rate=(600, 60))


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """RFC 6750 §3.1, RFC 9449 §7.1.

    Attributes:
        error: empty when no token was sent at all.
        dpop: the token is bound to a key, or came as if it were.
    """

    error: str = ""
    description: str = ""
    status: int = 401
    dpop: bool = False

    def response(self, resource: str) -> Response:
        said = {"error": self.error, "error_description": self.description} if self.error else {}
        known = {"resource_metadata": f"{resource}/.well-known/oauth-protected-resource", **said}
        parameters = ", ".join(f'{name}="{value}"' for name, value in known.items())
        algorithms = " ".join(signatures.ALGORITHMS)
        dpop = f'DPoP algs="{algorithms}", {parameters}'
        challenge = dpop if self.dpop else f"Bearer {parameters}"
        headers = {**NO_STORE, "WWW-Authenticate": challenge}
        return JSONResponse(said, status_code=self.status, headers=headers)


@router.get(
    PATH,
    operation_id="getUserInfo",
    summary="Who has signed in, as this client knows them (OpenID Connect Core §5.3)",
    openapi_extra=_OPERATION,
)
async def get_user_info(request: Request, control: ControlDep) -> Response:
    """With an access token that has the scope `openid`; `name` is there with `profile`."""
    return await _answer(request, control)


@router.post(
    PATH,
    operation_id="postUserInfo",
    summary="The same as with GET (OpenID Connect Core §5.3.1)",
    openapi_extra=_OPERATION,
)
async def post_user_info(request: Request, control: ControlDep) -> Response:
    return await _answer(request, control)


async def _answer(request: Request, control: Control) -> Response:
    try:
        held, grant = await _authenticate(request, control)
    except Refused as refused:
        return refused.response(control.public_url)
    claims: dict[str, Any] = held.claims or {}
    found = {"sub": claims["sub"]}
    if PROFILE in parse(claims["scope"]):
        # a name is personal data: that it was handed over is written before it is
        async with control.store.write() as connection:
            resident = await residents.find(connection, grant.resident_id)
            await control.audit.append(connection, _access(control, grant))
        found |= {"name": resident.name} if resident else {}
    return JSONResponse(found, headers=NO_STORE)


def _access(control: Control, grant: Grant) -> AuditEvent:
    return AuditEvent(
        at=control.now_ms(),
        client=grant.client_id,
        action=ACCESS,
        target="control.getUserInfo",
        subject=control.pseudonyms.of(grant.resident_id, SECTOR),
        detail={
            "dataset": PROFILE,
            "purpose": purposes.SERVICE,
            "fields": list(CLAIMS),
            "grant": grant.gid,
        },
    )


async def _authenticate(request: Request, control: Control) -> tuple[Presented, Grant]:
    """The token of the request, its proof checked and used up."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    dpop = scheme.lower() == "dpop"
    if not token or not (dpop or scheme.lower() == "bearer"):
        raise Refused
    held = await found_token.find_access_token(control, token.strip(), control.now())
    claims = held.claims if held and not held.revoked else None
    if held is None or claims is None:
        raise Refused("invalid_token", "The token is unknown, expired or revoked.", dpop=dpop)
    await _check_key(request, control, token.strip(), claims, dpop=dpop)
    if held.grant is None or OPENID not in parse(claims["scope"]):
        raise Refused("insufficient_scope", "The scope openid is needed.", 403, dpop)
    return held, held.grant


async def _check_key(
    request: Request, control: Control, token: str, claims: dict[str, Any], *, dpop: bool
) -> None:
    """RFC 9449 §7: a bound token comes with a proof of its key, any other without."""
    jkt = claims.get("cnf", {}).get("jkt", "")
    if bool(jkt) != dpop:
        raise Refused("invalid_token", "A bound token goes with DPoP, any other not.", dpop=True)
    if not jkt:
        return
    now = control.now()
    try:
        proof = read_proof(request, control, now, token)
        if proof is None or proof.jkt != jkt:
            raise InvalidProof("The proof is missing, or made with another key.")
        async with control.store.write() as connection:
            await UseProof(proof).apply(connection, now)
    except OAuth2Error as error:
        raise Refused(error.error, error.description, dpop=True) from error
