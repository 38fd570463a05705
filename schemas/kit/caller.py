"""Who calls, as the gateway has verified it: the only way an identity reaches an API."""

from __future__ import annotations

import hmac
import math
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas import headers
from schemas.consent import Consent
from schemas.kit.refusals import problem_response
from schemas.problem import Forbidden
from schemas.scopes import parse


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the gateway has verified it.

    Attributes:
        client: ``client_id``; empty on an open route called without a token.
        subject: the resident's pseudonym in this API's sector; empty when none is behind.
        scopes: of the token.
        request_id: for logs and problem details.
        expires: end of the token, in seconds since the epoch; infinite where there is none.
        grant: under which the resident is behind; empty when none is.
        consents: all that the token carries, for what outlives the request; what the request itself
            may see, the gateway has seen to. Their ``until`` may have passed.
        purpose: which of its purposes the client names; empty when it names none.
        operator: who of the city's staff signed in for the token; empty when nobody of them did.
    """

    client: str
    subject: str
    scopes: frozenset[str]
    request_id: str
    expires: float = math.inf
    grant: str = ""
    consents: tuple[Consent, ...] = ()
    purpose: str = ""
    operator: str = ""

    @property
    def actor(self) -> str:
        """Who acts, as the audit log names them: a person of the staff, else the client."""
        return f"staff:{self.operator}" if self.operator else self.client


def caller_of(request: Request) -> Caller:
    """The caller of a request, as the gateway names it."""
    get = request.headers.get
    return Caller(
        client=get(headers.CLIENT, ""),
        subject=get(headers.SUBJECT, ""),
        scopes=parse(get(headers.SCOPE, "")),
        request_id=get(headers.REQUEST_ID, ""),
        expires=_seconds(get(headers.EXPIRES, "")),
        grant=get(headers.GRANT, ""),
        consents=tuple(orjson.loads(get(headers.CONSENTS) or "[]")),
        purpose=get(headers.PURPOSE, ""),
        operator=get(headers.OPERATOR, ""),
    )


async def _caller(request: Request) -> Caller:  # async: FastAPI runs others in a thread
    return caller_of(request)


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else math.inf


CallerDep = Annotated[Caller, Depends(_caller)]


class GatewayOnly:
    """ASGI middleware: what does not come through the gateway is refused.

    Args:
        key: the shared secret expected in ``X-City-Gateway-Key``.
        open_paths: paths served to anybody on the inner network (the OpenAPI document).
    """

    def __init__(self, app: ASGIApp, key: str, open_paths: tuple[str, ...] = ()) -> None:
        self._app = app
        self._key = key.encode()
        self._open = frozenset(("/healthz", "/readyz", "/metrics", *open_paths))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._open or self._trusted(scope):
            await self._app(scope, receive, send)
            return
        problem = Forbidden("This address serves the gateway only; call the platform's open API.")
        response = problem_response(Request(scope), problem)
        await response(scope, receive, send)

    def _trusted(self, scope: Scope) -> bool:
        name = headers.GATEWAY_KEY.encode()
        given = next((value for key, value in scope["headers"] if key == name), b"")
        return hmac.compare_digest(given, self._key)
