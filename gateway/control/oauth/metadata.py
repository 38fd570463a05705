"""What clients may find out by themselves: metadata (RFC 8414, RFC 9728), the keys (RFC 7517)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from gateway.control.consent import receipt
from gateway.control.oauth import clients, signing_keys
from gateway.control.oauth.client_authentication import ASSERTION_ALGORITHMS
from gateway.control.oauth.server import PUSHED_PATH
from gateway.control.state import ControlDep
from schemas import consent
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

_SHORT = {"Cache-Control": f"public, max-age={signing_keys.CACHE}"}


@router.get(
    "/.well-known/oauth-authorization-server",
    operation_id="getServerMetadata",
    summary="Authorization server metadata (RFC 8414)",
    openapi_extra=operation(access="open", priority="essential", emergency="reserved"),
)
async def server_metadata(control: ControlDep) -> Response:
    return JSONResponse(metadata(control.public_url, _scopes(control)), headers=_SHORT)


@router.get(
    "/.well-known/oauth-protected-resource",
    operation_id="getResourceMetadata",
    summary="Protected resource metadata (RFC 9728): whose tokens the city's APIs take",
    openapi_extra=operation(access="open", priority="essential", emergency="reserved"),
)
async def resource_metadata(control: ControlDep) -> Response:
    found = {
        "resource": control.public_url,
        "authorization_servers": [control.public_url],
        "scopes_supported": _scopes(control),
        "bearer_methods_supported": ["header"],
        "resource_documentation": f"{control.public_url}/catalogue/v1/apis",
    }
    return JSONResponse(found, headers=_SHORT)


@router.get(
    "/oauth/jwks",
    operation_id="getKeys",
    summary="The keys that sign access tokens, and receipts of consents (RFC 7517)",
    openapi_extra=operation(access="open", priority="essential", emergency="reserved"),
)
async def keys(control: ControlDep) -> Response:
    published = [
        *control.publisher.current.keys.published(control.now()),
        receipt.published(control.secrets),
    ]
    return JSONResponse({"keys": published}, media_type="application/jwk-set+json", headers=_SHORT)


def _scopes(control: ControlDep) -> list[str]:
    routes = control.publisher.current.snapshot["routes"]
    return sorted({scope for route in routes for some in route["scopes"] for scope in some})


def metadata(issuer: str, scopes: list[str]) -> dict[str, Any]:
    """RFC 8414 §2; ``authorization_response_iss_parameter_supported`` is RFC 9207's."""
    confidential = [clients.BASIC, clients.PRIVATE_KEY_JWT]
    anyone = [*confidential, clients.PUBLIC]
    algorithms = list(ASSERTION_ALGORITHMS)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "pushed_authorization_request_endpoint": f"{issuer}{PUSHED_PATH}",
        "require_pushed_authorization_requests": False,
        "jwks_uri": f"{issuer}/oauth/jwks",
        "registration_endpoint": f"{issuer}/oauth/register",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            clients.AUTHORIZATION_CODE,
            clients.CLIENT_CREDENTIALS,
            clients.REFRESH_TOKEN,
        ],
        "authorization_details_types_supported": [consent.TYPE],  # RFC 9396 §10
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": anyone,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": anyone,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["ja", "en"],
    }
