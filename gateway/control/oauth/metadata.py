"""What clients may find out by themselves: metadata (RFC 8414, RFC 9728), the keys (RFC 7517)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from gateway.control.consent import receipt
from gateway.control.oauth import clients, id_token, signing_keys, userinfo
from gateway.control.oauth.openid import PROMPTS, STRONGEST
from gateway.control.oauth.server import PUSHED_PATH
from gateway.control.oauth.signatures import ALGORITHMS
from gateway.control.state import ControlDep
from schemas import consent
from schemas.policy import ACR
from schemas.scopes import IDENTITY
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
    "/.well-known/openid-configuration",
    operation_id="getOpenIdConfiguration",
    summary="The same for OpenID Connect (Discovery 1.0 §4)",
    openapi_extra=operation(access="open", priority="essential", emergency="reserved"),
)
async def openid_configuration(control: ControlDep) -> Response:
    return JSONResponse(openid_metadata(control.public_url, _scopes(control)), headers=_SHORT)


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
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_bound_access_tokens_required": False,
        "authorization_details_types_supported": [consent.TYPE],
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
    of_apis = {scope for route in routes for some in route["scopes"] for scope in some}
    return sorted(of_apis | IDENTITY)


def metadata(issuer: str, scopes: list[str]) -> dict[str, Any]:
    """RFC 8414 §2; ``authorization_response_iss_parameter_supported`` is RFC 9207's."""
    confidential = [clients.BASIC, clients.PRIVATE_KEY_JWT]
    anyone = [*confidential, clients.PUBLIC]
    algorithms = list(ALGORITHMS)
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
            clients.TOKEN_EXCHANGE,
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
        "dpop_signing_alg_values_supported": algorithms,
        "ui_locales_supported": ["ja", "en"],
    }


def openid_metadata(issuer: str, scopes: list[str]) -> dict[str, Any]:
    """OpenID Connect Discovery 1.0 §3: what RFC 8414 has, and what is about identity."""
    return {
        **metadata(issuer, scopes),
        "userinfo_endpoint": f"{issuer}{userinfo.PATH}",
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [signing_keys.ALG],
        "claim_types_supported": ["normal"],
        "claims_supported": [*id_token.CLAIMS, *userinfo.CLAIMS],
        "acr_values_supported": [one for one, level in ACR.items() if level <= STRONGEST],
        "prompt_values_supported": list(PROMPTS),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        # by default it would be true; a pushed request's (RFC 9126) is another thing
        "request_uri_parameter_supported": False,
    }
