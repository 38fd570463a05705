"""The grants that are offered (RFC 6749 §4.1, §4.4, §6; OAuth 2.1 drops the others)."""

from __future__ import annotations

import hmac
import uuid
from dataclasses import asdict
from typing import ClassVar

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import create_s256_code_challenge

from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.oauth.effects import KeepGrant, RevokeGrant, UseCode, UseRefresh
from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.records import CODE_LIFETIME, Code, Grant, Refresh
from gateway.control.secrets import new_token
from schemas.scopes import parse

CONFIDENTIAL = [clients.BASIC, clients.PRIVATE_KEY_JWT]
ANY_CLIENT = [*CONFIDENTIAL, clients.PUBLIC]


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    """RFC 6749 §4.4: a machine for itself."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL


class AuthorizationCode(AuthorizationCodeGrant):  # type: ignore[misc]
    """RFC 6749 §4.1: a partner's app for a resident who said yes."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANY_CLIENT

    def generate_authorization_code(self) -> str:
        return new_token()

    def save_authorization_code(self, code: str, request: Exchange) -> None:
        # `user` is the resident's id: the authorization endpoint hands it in
        gid = uuid.uuid4().hex
        grant = Grant(
            gid=gid,
            client_id=request.client.client_id,
            resident_id=request.user,
            scope=request.scope,
            created=request.now,
            expires=request.now + self.server.grant_lifetime,
            **(asdict(request.sign_in) if request.sign_in else {}),
        )
        kept = Code(
            hash=self.server.secrets.hash(code),
            gid=gid,
            client_id=grant.client_id,
            redirect_uri=request.payload.redirect_uri or "",
            scope=grant.scope,
            challenge=request.form["code_challenge"],
            expires=request.now + CODE_LIFETIME,
            jkt=request.form.get("dpop_jkt", ""),
            nonce=request.form.get("nonce", ""),
        )
        request.effects.append(KeepGrant(grant, kept))

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """The code, if it may be redeemed now; a second use costs the whole grant (§4.1.2)."""
        found: Code | None = self.request.found.code
        if found is None or found.client_id != client.client_id:
            return None
        if found.used is not None:
            self.request.penalties.append(RevokeGrant(found.gid))
            return None
        _check_key(self.request, found)
        return found if self.request.now < found.expires else None

    def authenticate_user(self, authorization_code: Code) -> Grant | None:
        return _living_grant(self.request)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.request.effects.insert(0, UseCode(authorization_code))


class RefreshRotation(RefreshTokenGrant):  # type: ignore[misc]
    """RFC 6749 §6 with rotation and reuse detection (OAuth 2.1 §4.3.1)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANY_CLIENT
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Refresh | None:
        found: Refresh | None = self.request.found.refresh
        if found is None or not found.check_client(self.request.client):
            return None
        if found.used is not None:
            self.request.penalties.append(RevokeGrant(found.gid))
            return None
        _check_key(self.request, found)
        alive = self.request.now < found.expires and _living_grant(self.request)
        return found if alive else None

    def authenticate_user(self, refresh_token: Refresh) -> Grant | None:
        return _living_grant(self.request)

    def issue_token(self, user: Grant, refresh_token: Refresh) -> dict[str, object]:
        """No more than was granted, nor than the client may still ask for."""
        asked = parse(self.request.payload.scope or refresh_token.scope)
        allowed = asked & frozenset(self.request.client.scopes)
        if not allowed:
            raise InvalidScopeError(description="The client may no longer ask for this.")
        token: dict[str, object] = self.generate_token(
            user=user, scope=" ".join(sorted(allowed)), include_refresh_token=True
        )
        return token

    def revoke_old_credential(self, refresh_token: Refresh) -> None:
        self.request.effects.insert(0, UseRefresh(refresh_token))


def _living_grant(exchange: Exchange) -> Grant | None:
    grant = exchange.found.grant
    return grant if grant and grant.is_alive(exchange.now) else None


def _check_key(exchange: Exchange, bound: Code | Refresh) -> None:
    """RFC 9449 §5, §10: what is bound to a key is used with that key only.

    Raises:
        InvalidGrantError: no proof, or one with another key.
    """
    shown = exchange.proof.jkt if exchange.proof else ""
    if bound.jkt and not hmac.compare_digest(bound.jkt.encode(), shown.encode()):
        raise InvalidGrantError("This is bound to a key: prove that you have it (DPoP).")


class ProofKey(CodeChallenge):  # type: ignore[misc]
    """RFC 7636, S256 only and for every client: a code without proof is never handed out."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)
    CODE_CHALLENGE_METHODS: ClassVar = {
        "S256": lambda verifier, challenge: hmac.compare_digest(
            create_s256_code_challenge(verifier), challenge
        )
    }

    def validate_code_challenge(self, grant: AuthorizationCode, redirect_uri: str) -> None:
        form = grant.request.form
        if "code_challenge" not in form or form.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE is required: code_challenge with method S256.")
        super().validate_code_challenge(grant, redirect_uri)
