"""Client registration management (RFC 7592): a client reads, changes and ends its registration."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from gateway.control.consent.withdraw import withdraw
from gateway.control.oauth import clients, forms, records, sandbox
from gateway.control.oauth.approval import beyond_asking, needs_approval, with_metadata
from gateway.control.oauth.clients import Client
from gateway.control.oauth.register import BODY, PATH, answer, read_metadata, refusal
from gateway.control.oauth.registration import ClientMetadata, make_client
from gateway.control.oauth.token import NO_STORE, read_body
from gateway.control.secrets import new_token
from gateway.control.state import Control, ControlDep
from schemas.problem import Conflict
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

_OPERATION = operation(
    access="open", rate=(60, 60), max_body_bytes=forms.LARGEST_FORM
)  # its own token is checked here
_NOT_SENT: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
"""§2.2: what only the server says."""

ClientId = Annotated[str, Path(max_length=128)]


class Unacceptable(Exception):
    """A change that is refused: status, and the body of RFC 7591 §3.2.2."""

    def __init__(self, text: str, status: int = 400, body: dict[str, Any] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.body = body or {"error": "invalid_client_metadata", "error_description": text}


@router.get(
    PATH + "/{client_id}",
    operation_id="readRegistration",
    summary="A client's own registration (RFC 7592 §2.1)",
    openapi_extra=_OPERATION,
)
async def read_registration(client_id: ClientId, request: Request, control: ControlDep) -> Response:
    client = await _known(control, client_id, request)
    return answer(control, client, _token(request)) if client else _unauthorized()


@router.put(
    PATH + "/{client_id}",
    operation_id="updateRegistration",
    summary="Change it (RFC 7592 §2.2): less, and new keys, at once; more when it is approved",
    openapi_extra={**_OPERATION, "requestBody": BODY},
)
async def update_registration(
    client_id: ClientId, request: Request, control: ControlDep
) -> Response:
    """All metadata, as they are to be. With `client_secret` (which must be the present one) the
    secret stays; without it a new one is in the answer, and the old one is void. The registration
    access token is a new one each time."""
    body = await read_body(request)
    client = await _known(control, client_id, request)
    if client is None:
        return _unauthorized()
    try:
        metadata = _read(client, body)
        changed, secret = _changed(control, client, metadata, _secret_sent(body))
    except Unacceptable as refused:
        return JSONResponse(refused.body, status_code=refused.status, headers=NO_STORE)
    token = new_token()
    changed = replace(changed, management_hash=control.secrets.hash(token))
    # who is not approved is in no policy
    begin = control.change if client.state == clients.ACTIVE else control.store.write
    async with begin() as connection:
        if await clients.find(connection, client_id) != client:
            raise Conflict("The registration was changed by somebody else in the meantime.")
        await clients.replace(connection, changed)
        await control.record(
            connection, client_id, "client.update", client_id, proposed=bool(changed.proposed)
        )
    return answer(control, changed, token, secret)


@router.delete(
    PATH + "/{client_id}",
    operation_id="deleteRegistration",
    status_code=204,
    summary="End it (RFC 7592 §2.3): its tokens are void, what residents agreed to ends",
    openapi_extra=_OPERATION,
)
async def delete_registration(
    client_id: ClientId, request: Request, control: ControlDep
) -> Response:
    client = await _known(control, client_id, request)
    if client is None:
        return _unauthorized()
    await delete(control, client, client_id)
    return Response(status_code=204, headers=NO_STORE)


async def delete(control: Control, client: Client, actor: str) -> None:
    """End a client for good: nothing that it has is of any use from now on.

    Args:
        actor: who ends it, as the audit log names them.
    """
    now = control.now()
    gone = replace(
        client,
        state=clients.DELETED,
        management_hash="",
        secret_hash="",
        old_secret_hash="",
        jwks=None,
        proposed=None,
        revoked_before=now,
    )
    async with control.change() as connection:
        await clients.replace(connection, gone)
        for gid in await records.living_grants_of_client(connection, client.client_id, now):
            await withdraw(control, connection, gid, actor=actor)
        await control.record(connection, actor, "client.delete", client.client_id)


async def _known(control: Control, client_id: str, request: Request) -> Client | None:
    """The client whose registration access token was sent."""
    async with control.store.read() as connection:
        client = await clients.find(connection, client_id)
    stored = client.management_hash if client else ""
    # compared in any case: time tells nobody which clients there are
    right = control.secrets.matches(_token(request), stored or control.secrets.hash("nobody"))
    return client if stored and right else None


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _unauthorized() -> Response:
    headers = {**NO_STORE, "WWW-Authenticate": 'Bearer error="invalid_token"'}
    return JSONResponse({"error": "invalid_token"}, status_code=401, headers=headers)


def _changed(
    control: Control, held: Client, metadata: ClientMetadata, kept: str
) -> tuple[Client, str]:
    """The client after a PUT, and its new secret if it gets one.

    Args:
        kept: the secret that it would like to keep; empty for a new one.

    Raises:
        Unacceptable: the change is refused.
    """
    if held.state == clients.REFUSED:
        raise Unacceptable("This client was refused; register another.", 403)
    wanted, secret = make_client(metadata, control.secrets, held.created)
    if kept and not control.secrets.matches(kept, held.secret_hash):
        raise Unacceptable("client_secret: a client cannot choose its own")
    if held.state == clients.ACTIVE and wanted.auth_method != held.auth_method:
        raise Unacceptable("token_endpoint_auth_method: register another client for that")
    secret = "" if kept else secret
    hashed = held.secret_hash if kept else wanted.secret_hash
    if held.sandbox and (more := sandbox.beyond(wanted.scopes, control.publisher.current.apis)):
        raise Unacceptable(f"scope: {more[0]} is not for the sandbox")
    if held.state == clients.ACTIVE and needs_approval(held, wanted):
        proposed = metadata.model_dump(mode="json")
        waiting = replace(held, proposed=proposed, asked=wanted.scopes)
        return replace(waiting, secret_hash=hashed, **_void_old(held, kept)), secret
    changed = replace(with_metadata(held, wanted), asked=wanted.scopes)
    return replace(changed, secret_hash=hashed, **_void_old(held, kept)), secret


def _void_old(held: Client, kept: str) -> dict[str, Any]:
    """A new secret made here voids all before it, that in its overlap too."""
    if kept:
        return {}
    return {"old_secret_hash": "", "old_secret_until": 0}


def _secret_sent(body: bytes) -> str:
    return str(orjson.loads(body).get("client_secret") or "")


def _read(held: Client, body: bytes) -> ClientMetadata:
    """Raises:
    Unacceptable: no metadata, or what is not for this client to say.
    """
    try:
        metadata = read_metadata(body)
        sent: dict[str, Any] = orjson.loads(body)
    except ValidationError as error:
        raise Unacceptable("", body=refusal(error)) from error
    except ValueError as error:
        raise Unacceptable("The body is no JSON.") from error
    if sent.get("client_id") != held.client_id:
        raise Unacceptable("client_id: must be there, and the one in the address")
    if odd := [name for name in _NOT_SENT if name in sent]:
        raise Unacceptable(f"{odd[0]}: is not for the client to say")
    if too_much := beyond_asking(metadata.scope):
        raise Unacceptable(f"scope: {too_much[0]} is given by operators only")
    if not metadata.client_name:
        # as at registration, where the id stands for it
        metadata = metadata.model_copy(update={"client_name": held.client_id})
    return metadata
