"""The bootstrap file: JSON with the APIs, clients and residents that exist from the start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from gateway.control import links, residents
from gateway.control.catalogue.attached import MOST_ADDRESSES
from gateway.control.consent.linkage import Limit
from gateway.control.identity.provider import ProviderConfig
from gateway.control.oauth.registration import DEFAULT_RATE
from gateway.control.policy.findings import pointer
from schemas.policy import ClientClass
from schemas.purposes import SERVICE

_SECRET = 20  # characters, the least


class BootstrapError(ValueError):
    """What is wrong in the file, with the place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Api(_Part):
    name: str
    document_url: str
    upstream: str | Annotated[list[str], Field(max_length=MOST_ADDRESSES)] = ""
    """``http://host:port``, one or several; of the document when left out."""
    internal: bool = True


class Client(_Part):
    client_id: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._~-]+$")]
    client_secret: Annotated[str, Field(min_length=_SECRET, max_length=500)] | None = None
    name: str = ""
    client_class: ClientClass = "partner"
    scopes: list[str] = Field(default_factory=list)
    grant_types: list[str] = Field(default_factory=lambda: ["client_credentials"])
    redirect_uris: list[str] = Field(default_factory=list)
    auth_method: str = ""
    jwks: dict[str, Any] | None = None
    dpop_bound_access_tokens: bool = False
    require_pushed_authorization_requests: bool = False
    rate: tuple[int, int] = DEFAULT_RATE
    quota: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """Requests a day; 0 for any number."""
    purposes: list[str] = Field(default_factory=lambda: [SERVICE])
    organisation: str = ""


class Resident(_Part):
    username: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[
        str,
        Field(min_length=residents.SHORTEST_PASSWORD, max_length=residents.LONGEST_PASSWORD),
    ]
    name: str = ""
    proofing: Annotated[int, Field(ge=1, le=3)] = 1
    """Identity assurance level (NIST SP 800-63A)."""
    synthetic: bool = False
    """Made up, for developers: sandbox applications may act for them, and for nobody else."""
    shown_password: bool = False
    """Developers who have signed in are shown the password; for synthetic residents alone."""
    story: dict[Literal["ja", "en"], Annotated[str, Field(max_length=500)]] = Field(
        default_factory=dict
    )
    """Who this is, for developers to read; for synthetic residents alone."""
    links: dict[str, Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=dict
    )

    @field_validator("links")
    @classmethod
    def _domains_take_links(cls, value: dict[str, str]) -> dict[str, str]:
        for domain in value:
            if domain not in links.LINKED_DOMAINS:
                raise ValueError(f"{domain!r} takes no links; {links.LINKED_DOMAINS} do")
        return value

    @model_validator(mode="after")
    def _only_who_does_not_exist_is_shown(self) -> Self:
        if (self.shown_password or self.story) and not self.synthetic:
            raise ValueError("shown_password and story are for synthetic residents alone")
        return self


class Developers(_Part):
    """What developers may do by themselves."""

    join: bool = True
    """Anybody may make themselves a developer's account, at ``/developers/join``."""


class Bootstrap(_Part):
    apis: list[Api] = Field(default_factory=list)
    clients: list[Client] = Field(default_factory=list)
    residents: list[Resident] = Field(default_factory=list)
    linkage: Limit | None = None
    """How much of a resident may come together in one hand; as it was when left out."""
    developers: Developers = Field(default_factory=Developers)
    provider: ProviderConfig | None = None
    """The city's own OpenID provider."""


def read(path: Path) -> Bootstrap:
    """Raises:
    BootstrapError: the file cannot be read, or is wrong; with every place.
    """
    try:
        return Bootstrap.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BootstrapError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        # the values stay out of the message: there are secrets among them
        found = (f"{path}: {pointer(*item['loc'])}: {item['msg']}" for item in error.errors())
        raise BootstrapError("\n".join(found)) from None
