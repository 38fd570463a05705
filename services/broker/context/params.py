"""What a request says besides its body: query parameters and header fields (GS CIM 009 §6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from schemas.kit.caller import CallerDep
from schemas.scopes import ENTITIES_PERSONAL
from services.broker.context.errors import (
    BadRequestData,
    TooManyResults,
)
from services.broker.context.jsonld import CORE, Context
from services.broker.context.represent import Form, View

JSON: Final = "application/json"
JSON_LD: Final = "application/ld+json"
_MOST_NAMES: Final = 100
_FORMS: Final[Mapping[str, Form]] = {
    "normalized": "normalized",
    "concise": "concise",
    "keyValues": "keyValues",
    "simplified": "keyValues",
}


@dataclass(frozen=True, slots=True)
class Params:
    """A request's parameters.

    Attributes:
        options: the members of ``options``.
        personal: whether the caller may see entities about persons.
        media: what the answer is written as.
        context: what short names in the parameters mean, and are answered with (§6.3.5).
        tenant: whose entities (§4.14); empty for the default tenant.
    """

    given: Mapping[str, str]
    options: frozenset[str]
    personal: bool
    media: str
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

    def view(self) -> View:
        form = self.given.get("format", "")
        if form and form not in _FORMS:
            raise BadRequestData("format is normalized, concise, keyValues or simplified.")
        chosen = [_FORMS[option] for option in self.options if option in _FORMS]
        return View(
            form=_FORMS[form] if form else chosen[0] if chosen else "normalized",
            attributes=frozenset(self.names("attrs")),
            system="sysAttrs" in self.options,
            context=self.context,
        )


async def _params(request: Request, caller: CallerDep) -> Params:
    given = dict(request.query_params)
    if any("\x00" in value for value in given.values()):
        raise BadRequestData("A parameter has a NUL character; leave it out.")
    options = frozenset(part.strip() for part in given.get("options", "").split(",")) - {""}
    return Params(
        given,
        options,
        ENTITIES_PERSONAL in caller.scopes,
        _accepted(request),
        tenant=request.headers.get("ngsild-tenant", ""),
    )


ParamsDep = Annotated[Params, Depends(_params)]


def _accepted(request: Request) -> str:
    """JSON-LD when the caller names it first, JSON otherwise."""
    wanted = [
        part.partition(";")[0].strip() for part in request.headers.get("accept", "").split(",")
    ]
    return JSON_LD if JSON_LD in wanted[:1] else JSON
