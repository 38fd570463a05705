"""What may be registered as a client (RFC 7591 §2), and the registration itself.

Used by ``POST /oauth/register``, ``POST /control/v1/clients`` and the bootstrap file alike.
"""

from __future__ import annotations

import ipaddress
import uuid
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.secrets import Secrets, new_token
from schemas import scopes
from schemas.policy import ClientClass
from schemas.purposes import SERVICE, known_purpose

GrantType = Literal[
    "client_credentials",
    "authorization_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]
AuthMethod = Literal["client_secret_basic", "private_key_jwt", "none"]

Purpose = Annotated[str, AfterValidator(known_purpose)]

DEFAULT_RATE: Final = (600, 60)
_MOST_KEYS = 10
_LONGEST_URI = 2000


class ClientMetadata(BaseModel):
    """RFC 7591 §2; members that the platform does not use are ignored, as §2 allows."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    client_name: str = Field(default="", max_length=200)
    scope: str = Field(default="", max_length=4000, description="Space-separated scopes")
    grant_types: Annotated[list[GrantType], Field(min_length=1, max_length=4)] = [
        clients.CLIENT_CREDENTIALS
    ]
    redirect_uris: Annotated[list[str], Field(max_length=20)] = Field(default_factory=list)
    token_endpoint_auth_method: AuthMethod = clients.BASIC
    jwks: dict[str, Any] | None = None
    dpop_bound_access_tokens: bool = Field(
        default=False, description="Every token bound to a key (RFC 9449 §5.2)"
    )
    require_pushed_authorization_requests: bool = Field(
        default=False, description="No authorization request but pushed ones (RFC 9126 §6)"
    )
    purposes: Annotated[list[Purpose], Field(min_length=1, max_length=20)] = Field(
        default_factory=lambda: [SERVICE],
        description="What personal data may be used for; the first where a request names none",
    )
    organisation: str = Field(default="", max_length=200, description="Whose client it is")

    @field_validator("scope")
    @classmethod
    def _scopes_are_well_formed(cls, value: str) -> str:
        odd = sorted(scope for scope in scopes.parse(value) if not scopes.may_be_asked_for(scope))
        if odd:
            raise ValueError(f"{odd[0]!r} is no scope: one is like mobility:read")
        return value

    @field_validator("redirect_uris")
    @classmethod
    def _redirect_uris_are_safe(cls, value: list[str]) -> list[str]:
        for uri in value:
            check_redirect_uri(uri)
        return value

    @field_validator("jwks")
    @classmethod
    def _keys_are_public(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None:
            check_jwks(value)
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        coded = "authorization_code" in self.grant_types
        public = self.token_endpoint_auth_method == clients.PUBLIC
        if coded and not self.redirect_uris:
            raise ValueError("redirect_uris: authorization_code needs at least one")
        if "refresh_token" in self.grant_types and not coded:
            raise ValueError("grant_types: refresh_token goes with authorization_code only")
        for grant_type in (clients.CLIENT_CREDENTIALS, clients.TOKEN_EXCHANGE):
            if public and grant_type in self.grant_types:
                raise ValueError(f"grant_types: {grant_type} needs a client that authenticates")
        if (self.token_endpoint_auth_method == clients.PRIVATE_KEY_JWT) != (self.jwks is not None):
            raise ValueError("jwks: given exactly when private_key_jwt is the method")
        return self


def check_redirect_uri(uri: str) -> None:
    """OAuth 2.1 §2.3.1, RFC 8252 §7: https, loopback http, or an app's private-use scheme.

    Raises:
        ValueError: anything else, or parts that make comparison or reading unsafe.
    """
    if len(uri) > _LONGEST_URI or not uri.isascii() or any(c in uri for c in " \"'\\<>*`{}"):
        raise ValueError(f"{uri[:100]!r} has characters that no redirect URI may have")
    parts = urlsplit(uri)
    if parts.fragment or "#" in uri or parts.username or parts.password:
        raise ValueError(f"{uri!r} has a fragment or user information")
    web = parts.scheme == "https" and parts.hostname
    loopback = parts.scheme == "http" and _is_loopback(parts.hostname or "")
    private_use = "." in parts.scheme and not parts.netloc
    if not (web or loopback or private_use):
        raise ValueError(f"{uri!r} is neither https, http on loopback, nor like com.example.app:/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_jwks(jwks: dict[str, Any]) -> None:
    """Raises:
    ValueError: not a set of one to ten public asymmetric keys.
    """
    try:
        keys = KeySet.import_key_set(jwks).keys  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("is not a JWK set (RFC 7517 §5)") from error
    if not 0 < len(keys) <= _MOST_KEYS:
        raise ValueError(f"needs 1 to {_MOST_KEYS} keys")
    if any(isinstance(key, OctKey) or key.is_private for key in keys):
        raise ValueError("holds a secret or private key: send public keys only, and replace it")


def make_client(
    metadata: ClientMetadata,
    secrets: Secrets,
    now: int,
    *,
    client_class: ClientClass = "partner",
    rate: tuple[int, int] = DEFAULT_RATE,
    quota: int = 0,
    client_id: str = "",
    client_secret: str = "",
) -> tuple[Client, str]:
    """The client, and its secret (empty where its method has none), to be shown once."""
    confidential = metadata.token_endpoint_auth_method == clients.BASIC
    secret = (client_secret or new_token()) if confidential else ""
    chosen = client_id or str(uuid.uuid4())
    client = Client(
        client_id=chosen,
        name=metadata.client_name or chosen,
        client_class=client_class,
        scopes=tuple(sorted(scopes.parse(metadata.scope))),
        grant_types=tuple(metadata.grant_types),
        redirect_uris=tuple(metadata.redirect_uris),
        auth_method=metadata.token_endpoint_auth_method,
        rate=rate,
        quota=quota,
        secret_hash=secrets.hash(secret) if secret else "",
        jwks=metadata.jwks,
        dpop_bound=metadata.dpop_bound_access_tokens,
        pushed_only=metadata.require_pushed_authorization_requests,
        created=now,
        purposes=tuple(dict.fromkeys(metadata.purposes)),
        organisation=metadata.organisation,
    )
    return client, secret


def as_metadata(client: Client) -> dict[str, Any]:
    """The registered metadata (RFC 7591 §3.2.1), without the secret."""
    found: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": client.created,
        "client_name": client.name,
        "scope": " ".join(client.scopes),
        "grant_types": list(client.grant_types),
        "response_types": ["code"] if client.check_response_type("code") else [],
        "redirect_uris": list(client.redirect_uris),
        "token_endpoint_auth_method": client.auth_method,
        "dpop_bound_access_tokens": client.dpop_bound,
        "require_pushed_authorization_requests": client.pushed_only,
        "purposes": list(client.purposes),
        "organisation": client.organisation,
    }
    return {**found, "jwks": client.jwks} if client.jwks else found
