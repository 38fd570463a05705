"""The city's own OpenID provider: where residents may sign in instead (OpenID Connect Core 1.0).

Such as one that reads My Number cards. Found by discovery, spoken to with code, PKCE and nonce
its ID token is verified with its published keys, which are read again, but not
for every unknown key, when they change.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field

from gateway.control.identity.means import Means
from schemas.kit.trust import trusted
from schemas.policy import ACR

TIMEOUT: Final = 5.0
LARGEST: Final = 1_048_576
ALGORITHMS: Final = ("ES256", "RS256", "PS256", "EdDSA")
_AGAIN_AFTER: Final = 60
"""Seconds between two readings of its keys."""
_LEEWAY: Final = 60


class Level(BaseModel):
    """What one of the provider's ``acr`` values is worth here."""

    model_config = ConfigDict(extra="forbid")

    authenticator: int = Field(ge=1, le=3)
    proofing: int = Field(ge=1, le=3)


class ProviderConfig(BaseModel):
    """The provider, in the bootstrap file."""

    model_config = ConfigDict(extra="forbid")

    issuer: str = Field(pattern=r"^https?://[^\s?#]+$", max_length=500)
    client_id: str = Field(min_length=1, max_length=200)
    client_secret: str = Field(min_length=1, max_length=500)
    name: str = Field(min_length=1, max_length=100)
    """As residents read it."""
    scope: str = "openid profile"
    levels: dict[str, Level] = Field(default_factory=dict)
    """``acr`` → levels; one that is not here is worth one factor and the person's own word."""


class ProviderError(Exception):
    """Signing in there did not work; the text is for the log, never for the resident."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who has signed in there.

    Attributes:
        subject: the provider's own name for them.
        proofing: identity assurance level that it vouches for.
    """

    subject: str
    name: str
    means: Means
    proofing: int


@dataclass(slots=True)
class Provider:
    """Args:
    callback: where the provider sends residents back to.
    http: for tests; redirects are never followed.
    """

    callback: str
    http: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(
            timeout=TIMEOUT, follow_redirects=False, verify=trusted()
        )
    )
    config: ProviderConfig | None = None
    _document: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _read_at: int = 0

    @property
    def name(self) -> str:
        """Empty where the city has none."""
        return self.config.name if self.config else ""

    async def close(self) -> None:
        await self.http.aclose()

    async def begin(self, state: str, nonce: str, verifier: str) -> str:
        """The address to send the resident to.

        Raises:
            ProviderError: it cannot be reached, or is not what was configured.
        """
        config, document = self._configured(), await self._discover()
        return str(
            prepare_grant_uri(
                document["authorization_endpoint"],
                config.client_id,
                "code",
                redirect_uri=self.callback,
                scope=config.scope,
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        )

    async def finish(self, code: str, issuer: str, nonce: str, verifier: str, now: int) -> Identity:
        """Redeem the code that the resident came back with.

        Args:
            issuer: ``iss`` of the answer (RFC 9207); empty if there was none.

        Raises:
            ProviderError: anything about it is wrong.
        """
        config, document = self._configured(), await self._discover()
        if not code:
            raise ProviderError("it has sent the resident back without a code")
        if issuer and issuer != config.issuer:
            raise ProviderError("another issuer has answered (RFC 9207)")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": verifier,
        }
        basic = httpx.BasicAuth(config.client_id, config.client_secret)
        answer = await self._ask("POST", document["token_endpoint"], data=form, auth=basic)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError("there is no ID token")
        return self._identity(await self._claims(token, now), nonce, now)

    def _identity(self, claims: dict[str, Any], nonce: str, now: int) -> Identity:
        """Core 1.0 §3.1.3.7, all of it that the signature does not show."""
        config = self._configured()
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else list(audience or [])
        party = claims.get("azp", config.client_id if len(audiences) == 1 else "")
        told = str(claims.get("nonce", ""))
        expires, issued = claims.get("exp", 0), claims.get("iat", 0)
        wrong = {
            "iss": claims.get("iss") != config.issuer,
            "aud": config.client_id not in audiences,
            "azp": party != config.client_id,
            "nonce": not hmac.compare_digest(told.encode(), nonce.encode()),
            "exp": not isinstance(expires, int | float) or expires + _LEEWAY <= now,
            "iat": not isinstance(issued, int | float) or issued - _LEEWAY > now,
            "sub": not isinstance(claims.get("sub"), str) or not claims["sub"],
        }
        if any(wrong.values()):
            names = ", ".join(name for name, is_wrong in wrong.items() if is_wrong)
            raise ProviderError(f"its ID token is not for this sign-in: {names}")
        level = config.levels.get(str(claims.get("acr")), Level(authenticator=1, proofing=1))
        acr = next(name for name, value in ACR.items() if value == level.authenticator)
        name = str(claims.get("name", ""))[:200]
        return Identity(claims["sub"], name, Means(acr, "fed"), level.proofing)

    async def _claims(self, token: str, now: int) -> dict[str, Any]:
        """The claims, if a key of the provider's signed them."""
        for again in (False, True):
            keys = await self._published(now, again=again)
            try:
                kid = jws.extract_compact(token.encode()).headers().get("kid")
                known = any(key.kid == kid for key in keys.keys) or (
                    kid is None and len(keys.keys) == 1
                )
                if known:
                    claims: dict[str, Any] = jwt.decode(
                        token, keys, algorithms=list(ALGORITHMS)
                    ).claims
                    return claims
            except (JoseError, ValueError, TypeError) as error:
                raise ProviderError(f"its ID token cannot be believed: {error}") from error
        raise ProviderError("its ID token is signed with a key that it does not publish")

    async def _published(self, now: int, *, again: bool) -> KeySet:
        stale = self._keys is None or (again and now - self._read_at >= _AGAIN_AFTER)
        if stale:
            found = await self._ask("GET", (await self._discover())["jwks_uri"])
            self._read_at = now
            try:
                self._keys = KeySet.import_key_set(found)  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise ProviderError(f"its keys cannot be read: {error}") from error
        assert self._keys is not None  # noqa: S101 - just read
        return self._keys

    async def _discover(self) -> dict[str, Any]:
        """Its metadata (OpenID Connect Discovery 1.0 §4), which must be its own (§4.3)."""
        if not self._document:
            config = self._configured()
            url = config.issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = await self._ask("GET", url)
            needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            if found.get("issuer") != config.issuer:
                raise ProviderError("its metadata name another issuer")
            if not all(isinstance(found.get(name), str) for name in needed):
                raise ProviderError("its metadata lack an address")
            self._document = found
        return self._document

    async def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            answer = await self.http.request(method, url, **options)
            found = answer.json() if len(answer.content) <= LARGEST else None
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderError(f"{url}: {error!r}") from error
        if answer.status_code != 200 or not isinstance(found, dict):
            raise ProviderError(f"{url} answered {answer.status_code}, or not with an object")
        return found

    def _configured(self) -> ProviderConfig:
        if self.config is None:
            raise ProviderError("the city has no OpenID provider")
        return self.config
