"""Device authorization (RFC 8628 §3.1): a command line asks, its user decides in a browser."""

from __future__ import annotations

from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError, OAuth2Error
from authlib.oauth2.rfc6749.errors import UnauthorizedClientError
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from gateway.control.oauth import forms, grants
from gateway.control.oauth.server import Answer
from gateway.control.oauth.token import (
    OAuthRefusal,
    as_response,
    commit,
    form_body,
    new_server,
    read_exchange,
)
from gateway.control.staff import device_requests
from gateway.control.staff.device_grant import DEVICE_CODE
from gateway.control.staff.device_requests import INTERVAL, LIFETIME
from gateway.control.state import Control, ControlDep
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

AUTHORIZATION_PATH = "/oauth/device_authorization"
PAGE = "/staff/device"


class DeviceAnswer(BaseModel):
    """RFC 8628 §3.2."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int = Field(description="Seconds")
    interval: int = Field(description="Seconds between the device's questions")


@router.post(
    AUTHORIZATION_PATH,
    operation_id="authorizeDevice",
    summary="Begin to sign in from a device without a browser (RFC 8628)",
    responses={
        200: {"model": DeviceAnswer, "description": "RFC 8628 §3.2"},
        400: {"model": OAuthRefusal, "description": "RFC 6749 §5.2"},
        401: {"model": OAuthRefusal, "description": "The client did not authenticate"},
    },
    openapi_extra=operation(
        access="open",
        priority="essential",
        rate=(60, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=form_body(
            scope="Space-separated scopes; all that the client may have when left out",
            client_id="Of a public client",
            client_assertion_type="With private_key_jwt (RFC 7523)",
            client_assertion="With private_key_jwt (RFC 7523)",
        ),
    ),
)
async def authorize_device(request: Request, control: ControlDep) -> Response:
    try:
        exchange = await read_exchange(request, control)
        server = new_server(control, exchange)
        client = server.authenticate_client(exchange, grants.ANY_CLIENT, "device")
        if not client.check_grant_type(DEVICE_CODE):
            raise UnauthorizedClientError(description="This client is not for devices.")
        scope = client.get_allowed_scope(exchange.form.get("scope"))
        if not scope:
            raise InvalidScopeError(description="The client may not ask for this.")
        body = await _begin(control, client.client_id, scope)
        answer = await commit(control, server, Answer(200, body, []))
    except OAuth2Error as error:
        answer = Answer(*error())
    except ValueError:
        # Authlib's own, for characters that RFC 6749 §5.2 does not allow in descriptions
        answer = Answer(*InvalidRequestError("A parameter has odd characters.")())
    return as_response(answer)


async def _begin(control: Control, client_id: str, scope: str) -> dict[str, object]:
    async with control.store.write() as connection:
        codes = await device_requests.add(
            connection, control.secrets, client_id, scope, control.now()
        )
    where = control.public_url + PAGE
    return {
        "device_code": codes.device,
        "user_code": codes.user,
        "verification_uri": where,
        "verification_uri_complete": f"{where}?user_code={codes.user}",
        "expires_in": LIFETIME,
        "interval": INTERVAL,
    }
