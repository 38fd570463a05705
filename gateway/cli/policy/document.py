"""What a policy file says: APIs, clients, staff and the limit of linkage.

Everything is in one order and one form, so that two documents that mean the same are equal. A
section that is left out is not managed: nothing in it is compared or changed.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, model_validator

from gateway.control.catalogue.attached import MOST_ADDRESSES, upstream_addresses
from gateway.control.consent.linkage import Domains, MostDomains
from gateway.control.oauth import clients
from gateway.control.oauth.registration import DEFAULT_RATE, AuthMethod, GrantType, Purpose
from gateway.control.policy.territory import check_name
from gateway.control.staff.roles import Role, check_roles
from schemas.policy import ClientClass
from schemas.purposes import SERVICE

VERSION: Final = 1

SAID_ONCE: Final = {"clients": frozenset(("secret",)), "staff": frozenset(("name",))}
"""Section → what counts only when something is made: the running city is not compared in it."""


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _api_name(name: str) -> str:
    check_name(name, internal=False)
    return name


class Part(BaseModel):
    """No member but the named, no value but of the named type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Api(Part):
    """An API that is attached from outside; the city's own are in the bootstrap file."""

    document_url: str = Field(
        max_length=2000, description="Where its openapi.json is, seen from inside"
    )
    upstream: Annotated[tuple[str, ...], Field(max_length=MOST_ADDRESSES, strict=False)] = Field(
        default=(),
        description="http://host:port of each of its processes; of document_url when left out",
    )

    @model_validator(mode="before")
    @classmethod
    def _in_one_form(cls, value: Any) -> Any:
        """Upstreams that are where the document is go without saying."""
        given: Any = value.get("upstream", ()) if isinstance(value, dict) else None
        url = value.get("document_url") if isinstance(value, dict) else None
        if not isinstance(url, str) or not _are_texts(given):
            return value
        addresses = [f"http://{one}" for one in upstream_addresses(url, given)]
        usual = [f"http://{urlsplit(url).netloc}"]
        return {**value, "upstream": [] if addresses == usual else addresses}


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


class Rate(Part):
    """At most so many requests in so many seconds, refilled evenly."""

    requests: Annotated[int, Field(gt=0, le=1_000_000)] = DEFAULT_RATE[0]
    seconds: Annotated[int, Field(gt=0, le=86_400)] = DEFAULT_RATE[1]


class SecretFrom(Part):
    """Where a secret is, when a client is made; the file never holds it itself."""

    env: str = Field(
        default="",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Name of an environment variable",
    )
    file: str = Field(default="", description="Path of a file with nothing else in it")

    @model_validator(mode="after")
    def _one(self) -> SecretFrom:
        if bool(self.env) == bool(self.file):
            raise ValueError("name one of env and file: the place of the secret, never the secret")
        return self


Names = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_sorted)]


class Client(Part):
    """A registered client (RFC 7591), and what an operator decides about it."""

    name: str = Field(
        default="", max_length=200, description="Shown to residents; the id when left out"
    )
    client_class: ClientClass = "partner"
    scopes: Names = Field(default=(), description="What it may ask for")
    grant_types: Annotated[
        tuple[GrantType, ...], Field(min_length=1, strict=False), AfterValidator(_sorted)
    ] = (clients.CLIENT_CREDENTIALS,)
    redirect_uris: Names = Field(default=(), description="Where residents come back to")
    auth_method: AuthMethod = Field(
        default="client_secret_basic", description="How it authenticates; fixed once it is made"
    )
    jwks: dict[str, Any] | None = Field(default=None, description="Its public keys (RFC 7517)")
    dpop_bound_access_tokens: bool = False
    require_pushed_authorization_requests: bool = False
    rate: Rate = Rate()
    quota: Annotated[int, Field(ge=0, le=1_000_000_000)] = Field(
        default=0, description="Requests a day; 0 for any number"
    )
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1, strict=False)] = Field(
        default=(SERVICE,), description="What personal data may be used for; the first is the usual"
    )
    organisation: str = Field(default="", max_length=200, description="Whose client it is")
    consent_notices: str = Field(
        default="", max_length=2000, description="URL that is told when consents to it end"
    )
    suspended: bool = False
    secret: SecretFrom | None = Field(
        default=None, description="Used when the client is made; made by the city when left out"
    )


class Person(Part):
    """Somebody of the city's staff."""

    name: str = Field(default="", max_length=200, description="Used when they are invited")
    roles: Annotated[
        tuple[Role, ...], Field(min_length=1, strict=False), AfterValidator(check_roles)
    ]
    suspended: bool = False


def _in_order(combinations: Domains) -> Domains:
    return tuple(sorted({tuple(sorted(set(some))) for some in combinations}))


class Linkage(Part):
    """How much of a resident may come together in one organisation without asking again."""

    model_config = ConfigDict(strict=False)  # of lists within lists

    most_domains: Annotated[MostDomains, Strict()] = 2
    watched: Annotated[Domains, AfterValidator(_in_order)] = Field(
        default=(), description="Combinations of domains that are asked about however few"
    )


ApiName = Annotated[str, AfterValidator(_api_name)]
ClientId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._~-]+$")]
Username = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f]+$")]


class Policy(Part):
    """The policy of one city; https://json-schema.org form of it: `supercity policy schema`."""

    version: Literal[1] = VERSION
    apis: dict[ApiName, Api] | None = None
    clients: dict[ClientId, Client] | None = None
    staff: dict[Username, Person] | None = None
    linkage: Linkage | None = None

    @model_validator(mode="after")
    def _names_go_without_saying(self) -> Policy:
        for client_id, client in (self.clients or {}).items():
            if client.name == client_id:
                self.clients[client_id] = client.model_copy(update={"name": ""})  # type: ignore[index]
        return self
