"""What a request says besides its body: query parameters and header fields (GS CIM 009 §6.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final

from fastapi import Depends, Request

from schemas import headers
from schemas.scopes import ENTITIES_PERSONAL, parse
from services.broker.body import media_type
from services.broker.context.asked import check_names, check_options
from services.broker.context.door import PREFIX, restore_slashes
from services.broker.context.errors import (
    BadRequestData,
    NotAcceptable,
    TooManyResults,
)
from services.broker.context.jsonld import CORE, Context
from services.broker.context.ld.contexts import Contexts
from services.broker.context.links import context_url
from services.broker.context.negotiation import GEO_JSON, JSON, JSON_LD, accepted
from services.broker.context.tenants import DEFAULT_TENANT
from services.broker.context.view import View, parse_form, parse_view
from services.broker.parts import broker_of

__all__ = ["GEO_JSON", "JSON", "JSON_LD", "Params", "ParamsDep"]

_ENTITIES: Final = re.compile(re.escape(PREFIX) + r"/(entities(/[^/]+)?|entityOperations/query)")
_TENANT: Final = re.compile(r"[!-~]{1,100}")
_MOST_NAMES: Final = 100
_SCOPE: Final = headers.SCOPE.encode()
_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Params:
    """A request's parameters.

    Attributes:
        options: the members of ``options``.
        personal: whether the caller may see entities about persons.
        media: what the answer is written as.
        context: what short names in the parameters mean, and are answered with (§6.3.5).
        tenant: whose entities (§4.14); empty for the default tenant.
        contexts: where contexts that the body names come from.
    """

    given: Mapping[str, str]
    options: frozenset[str]
    personal: bool
    media: str
    contexts: Contexts
    context: Context = CORE
    tenant: str = ""

    def names(self, name: str) -> list[str]:
        """A comma-separated parameter of short names, expanded."""
        parts = [part.strip() for part in self.given.get(name, "").split(",") if part.strip()]
        if len(parts) > _MOST_NAMES:
            raise BadRequestData(f"{name} has at most {_MOST_NAMES} names.")
        return [self.context.expand(part) for part in parts]

    def number(self, name: str, default: int, most: int) -> int:
        text = self.given.get(name, str(default))
        if not (text.isascii() and text.isdigit()) or len(text) > 9:
            raise BadRequestData(f"{name} is a whole number, at least 0.")
        if int(text) > most:
            raise TooManyResults(f"{name} is at most {most}.")
        return int(text)

    def flag(self, name: str) -> bool:
        """A parameter that is ``true`` or ``false``, and false when it is not there."""
        text = self.given.get(name, "false")
        if text not in ("true", "false"):
            raise BadRequestData(f"{name} is true or false.")
        return text == "true"

    def view(self) -> View:
        return parse_view(self.given, self.options, self.context)

    @property
    def simplified(self) -> bool:
        """Whether the body's entities are in the simplified representation (§4.5.4)."""
        return parse_form(self.given.get("format", ""), self.options) == "keyValues"


async def read_params(request: Request) -> Params:
    """The parameters of a request.

    Raises:
        BadRequestData, InvalidRequest, NotAcceptable: they are none.
        LdContextNotAvailable: the @context that it names cannot be had.
    """
    contexts = broker_of(request).contexts
    restore_slashes(request.scope)  # path parameters are read after this
    given = _given(request) if request.scope["query_string"] else {}
    # most requests have few of the fields that matter, and of one that is there twice the first
    # counts: to look at all of them once is quicker
    fields = dict(reversed(request.scope["headers"]))
    return Params(
        given,
        _options(given["options"]) if "options" in given else _NONE,
        _sees_persons(fields.get(_SCOPE, b"")),
        _accepted(request),
        contexts,
        await _linked_context(request, contexts) if b"link" in fields else CORE,
        _tenant(request) if b"ngsild-tenant" in fields else DEFAULT_TENANT,
    )


def _given(request: Request) -> dict[str, str]:
    given = dict(request.query_params)
    if any("\x00" in value for value in given.values()):
        raise BadRequestData("A parameter has a NUL character; leave it out.")
    check_names(given)
    return given


def _options(text: str) -> frozenset[str]:
    return check_options(frozenset(part.strip() for part in text.split(",")) - {""})


@lru_cache(maxsize=256)
def _sees_persons(scope: bytes) -> bool:
    """Whether a caller may see what is about persons, by the scopes that the gateway names."""
    return ENTITIES_PERSONAL in parse(scope.decode("latin-1"))


ParamsDep = Annotated[Params, Depends(read_params)]


def _tenant(request: Request) -> str:
    """The tenant that a request names (§6.3.14)."""
    tenant = request.headers.get("ngsild-tenant", "")
    if tenant and not _TENANT.fullmatch(tenant):
        raise BadRequestData("NGSILD-Tenant has at most 100 visible ASCII characters.")
    return tenant


async def _linked_context(request: Request, contexts: Contexts) -> Context:
    """The context in the Link field, which JSON-LD in the body may not have beside it (§6.3.5)."""
    url = context_url(request.headers.getlist("link"))
    if not url:
        return CORE
    if request.method in ("POST", "PATCH", "PUT") and media_type(request) == JSON_LD:
        raise BadRequestData("application/ld+json has its @context in the body, none in a Link.")
    return await contexts.resolve(url)


def _accepted(request: Request) -> str:
    """What the answer is written as; only what is read can be unacceptable (§6.3.4)."""
    path = request.scope["path"]
    # those of entities are there as GeoJSON too
    offers = (JSON, JSON_LD, GEO_JSON) if _ENTITIES.fullmatch(path) else (JSON, JSON_LD)
    found = accepted(",".join(request.headers.getlist("accept")), offers)
    is_read = request.method == "GET" or path.endswith("/entityOperations/query")
    if not found and is_read:
        raise NotAcceptable(
            f"There is {', '.join(offers)}; the Accept field has none of them.",
            extra={"available": list(offers)},
        )
    return found or JSON
