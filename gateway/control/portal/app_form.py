"""The form of an application: what its fields mean as client metadata (RFC 7591 §2), and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from gateway.control.oauth import clients
from gateway.control.oauth.approval import beyond_asking
from gateway.control.oauth.asked import Asked, describe
from gateway.control.oauth.clients import Client
from gateway.control.oauth.registration import ClientMetadata
from gateway.control.oauth.sandbox import self_service
from gateway.control.policy.compiler import CompiledApi
from gateway.control.portal import keys
from schemas.policy import Route
from schemas.purposes import PURPOSES, SERVICE, VITAL
from schemas.scopes import IDENTITY

MOST_FIELDS: Final = 200
"""In a form: each scope that can be ticked is one."""
SCOPE: Final = "scope "
PURPOSE: Final = "purpose "
ITSELF: Final = "itself"
SIGN_IN: Final = "sign-in"
ACTS: Final = "acts"
GRANTS: Final = {
    ITSELF: (clients.CLIENT_CREDENTIALS,),
    SIGN_IN: (clients.AUTHORIZATION_CODE, clients.REFRESH_TOKEN),
    ACTS: (clients.TOKEN_EXCHANGE,),
}
"""What can be ticked → grant types."""


@dataclass(frozen=True, slots=True)
class FormFault:
    """Attributes:
    field: the form's, for the message to stand beside it.
    text: in English, from what checks the metadata.
    """

    field: str
    text: str


class Faulty(Exception):
    """The form is no application."""

    def __init__(self, faults: list[FormFault]) -> None:
        super().__init__(faults)
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Offered:
    """One scope that can be ticked, in words.

    Attributes:
        own: it opens what is a resident's own, and is of no use without one.
        writes: more than reading.
    """

    scope: str
    title: str
    own: bool
    writes: bool


def offered(apis: Iterable[CompiledApi], language: str, *, live: bool) -> list[Offered]:
    """The scopes that can be ticked."""
    known = list(apis)
    needs_resident = _needing_a_resident(known)
    scopes = _reachable(known) if live else self_service(known)
    return [_offered(one, needs_resident) for one in describe(known, sorted(scopes), language)]


def _offered(one: Asked, needs_resident: frozenset[str]) -> Offered:
    reads = one.scope.endswith(":read") or one.scope in IDENTITY
    own = one.scope in needs_resident or one.scope in IDENTITY
    # what no data set is behind has its own name twice otherwise
    title = "" if one.title == one.scope else one.title
    return Offered(one.scope, title, own, not reads and one.action == "write")


def _needing_a_resident(apis: Iterable[CompiledApi]) -> frozenset[str]:
    routes = [route for api in apis for route in api.routes]
    named = {one for route in routes for some in route["scopes"] for one in some}
    otherwise = {
        one
        for route in routes
        if route["access"] != "personal"
        for some in route["scopes"]
        for one in some
    }
    return frozenset(named - otherwise)


def _reachable(apis: Iterable[CompiledApi]) -> frozenset[str]:
    routes: list[Route] = [route for api in apis for route in api.routes]
    named = {scope for route in routes for some in route["scopes"] for scope in some}
    return frozenset(named.difference(beyond_asking(" ".join(named)))) | IDENTITY


def purposes(language: str) -> list[tuple[str, str]]:
    """Purposes that personal data may be asked for, in words."""
    return [
        (one.id, one.en if language == "en" else one.ja)
        for one in PURPOSES.values()
        if one.id != VITAL
    ]


def read(form: Mapping[str, str]) -> ClientMetadata:
    """The metadata that a posted form stands for.

    Raises:
        Faulty: with every fault, each beside its field.
    """
    ticked = [name for name in GRANTS if form.get(name)]
    method = form.get("credentials", clients.BASIC)
    faults: list[FormFault] = []
    if not ticked:
        faults.append(FormFault(ITSELF, "nothing is ticked"))
    if not form.get("name", "").strip():
        faults.append(FormFault("name", "is missing"))
    asked: dict[str, Any] = {
        "client_name": form.get("name", ""),
        "organisation": form.get("organisation", ""),
        "scope": " ".join(_ticked(form, SCOPE)),
        "purposes": _ticked(form, PURPOSE) or [SERVICE],
        "grant_types": [one for name in ticked for one in GRANTS[name]] or list(GRANTS[ITSELF]),
        "redirect_uris": form.get("redirect_uris", "").split() if SIGN_IN in ticked else [],
        "token_endpoint_auth_method": method,
        "jwks": _keys(form, method, faults),
    }
    if faults:
        raise Faulty(faults)
    try:
        return ClientMetadata.model_validate(asked)
    except ValidationError as error:
        raise Faulty([_fault(one) for one in error.errors()]) from error


def _ticked(form: Mapping[str, str], kind: str) -> list[str]:
    return [name.removeprefix(kind) for name in form if name.startswith(kind)]


def _keys(form: Mapping[str, str], method: str, faults: list[FormFault]) -> dict[str, Any] | None:
    if method != clients.PRIVATE_KEY_JWT:
        return None
    try:
        return keys.read(form.get("jwks", ""))
    except ValueError as error:
        faults.append(FormFault("jwks", str(error)))
        return None


_FIELDS: Final = {
    "client_name": "name",
    "token_endpoint_auth_method": "credentials",
    "grant_types": "credentials",
    "purposes": "purposes",
}


def _fault(error: Any) -> FormFault:
    """Of one field, or of several together: then the message begins with the name of one."""
    text = str(error["msg"]).removeprefix("Value error, ")
    where = str(error["loc"][0]) if error["loc"] else text.partition(":")[0]
    said = text.partition(": ")[2] or text if not error["loc"] else text
    return FormFault(_FIELDS.get(where, where), said)


def as_form(client: Client) -> dict[str, str]:
    """What the form says when it is opened to change an application: as it is, or is proposed."""
    shown = ClientMetadata.model_validate(client.proposed) if client.proposed else None
    scopes = shown.scope.split() if shown else client.asked or client.scopes
    grants = shown.grant_types if shown else client.grant_types
    return {
        "name": shown.client_name if shown else client.name,
        "organisation": shown.organisation if shown else client.organisation,
        "redirect_uris": "\n".join(shown.redirect_uris if shown else client.redirect_uris),
        "credentials": client.auth_method,
        **{name: "yes" for name, types in GRANTS.items() if types[0] in grants},
        **{SCOPE + one: "yes" for one in scopes},
        **{PURPOSE + one: "yes" for one in (shown.purposes if shown else client.purposes)},
    }
