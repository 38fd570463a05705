"""The pages of the staff as a client of the APIs: what a page does, an API does, under its scope.

Operations of the control plane are called in this process, with the header fields that the gateway
would write; the scopes that it would ask for are asked for here. Everything else goes through the
gateway, with an access token of the person's for the client ``city-console``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import unquote

import httpx
import orjson
from fastapi import FastAPI, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.staff import grants
from gateway.control.staff.accounts import Staff
from gateway.control.staff.roles import ROLES, scopes_of
from gateway.control.state import Control
from schemas import headers
from schemas.policy import Route

logger = logging.getLogger(__name__)

CLIENT_ID: Final = "city-console"
TOKEN_LIFETIME: Final = 600
_NEAR_ITS_END: Final = 60
_TIMEOUT: Final = 10.0
_LARGEST: Final = 8 * 1_048_576


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API said.

    Attributes:
        body: parsed JSON; ``None`` where there is none.
        problem: title and detail of a refusal (RFC 9457); empty texts when it was none.
        faults: the single things that were wrong, as ``where: what``.
    """

    status: int
    body: Any = None
    problem: tuple[str, str] = ("", "")
    faults: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(slots=True)
class Acting:
    """Args:
    app: the control plane's own application.
    gateway_key: by which it knows requests of the gateway's.
    gateway: the open API.
    routes: the application's own operations, as the gateway has them.
    """

    app: FastAPI
    control: Control
    gateway_key: str
    gateway: httpx.AsyncClient
    routes: Callable[[], Iterable[Route]]
    _tokens: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    async def close(self) -> None:
        await self.gateway.aclose()

    async def ask(
        self, staff: Staff, request_id: str, method: str, path: str, json: Any, params: Any
    ) -> Answer:
        if not _is_plain(path):
            return Answer(404, problem=("Not Found", "There is no such thing."))
        route = _own_route(self.routes(), method, path)
        if route is None:
            return await self._outside(staff, method, path, json, params)
        scopes = scopes_of(staff.roles)
        needed = [frozenset(one) for one in route["scopes"]]
        if needed and not any(some <= scopes for some in needed):
            missing = ", ".join(sorted(needed[0] - scopes))
            return Answer(403, problem=("Forbidden", f"Your roles lack the scope {missing}."))
        return await self._inside(staff, scopes, request_id, method, path, json, params)

    async def _inside(
        self, staff: Staff, scopes: frozenset[str], request_id: str,
        method: str, path: str, json: Any, params: Any,
    ) -> Answer:  # fmt: skip
        sent = {
            headers.GATEWAY_KEY: self.gateway_key,
            headers.CLIENT: CLIENT_ID,
            headers.OPERATOR: staff.staff_id,
            headers.SCOPE: " ".join(sorted(scopes)),
            headers.REQUEST_ID: request_id,
        }
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url=self.control.public_url, timeout=_TIMEOUT
        ) as http:
            return _read(await http.request(method, path, headers=sent, json=json, params=params))

    async def _outside(
        self, staff: Staff, method: str, path: str, json: Any, params: Any
    ) -> Answer:
        """A token that was revoked meanwhile (other roles, and back) is replaced once."""
        try:
            answer = await self._send(staff, method, path, json, params)
            if answer.status == httpx.codes.UNAUTHORIZED:
                answer = await self._send(staff, method, path, json, params, anew=True)
        except httpx.TransportError as error:
            logger.warning("%s %s: the gateway cannot be reached: %r", method, path, error)
            return Answer(503, problem=("Unavailable", "The gateway cannot be reached."))
        return answer

    async def _send(
        self, staff: Staff, method: str, path: str, json: Any, params: Any, *, anew: bool = False
    ) -> Answer:
        token = await self._token(staff, anew=anew)
        sent = {"authorization": f"Bearer {token}"} if token else {}
        return _read(
            await self.gateway.request(method, path, headers=sent, json=json, params=params)
        )

    async def _token(self, staff: Staff, *, anew: bool) -> str:
        """An access token of the person's, kept until near its end."""
        now, key = self.control.now(), (staff.staff_id, " ".join(staff.roles))
        held = self._tokens.get(key)
        if held and held[1] - _NEAR_ITS_END > now and not anew:
            return held[0]
        grant = grants.new_grant(
            staff, CLIENT_ID, " ".join(scopes_of(staff.roles)), now, lifetime=TOKEN_LIFETIME
        )
        if grant is None:
            return ""
        async with self.control.store.write() as connection:
            client = await clients.find(connection, CLIENT_ID)
            await grants.add(connection, grant)
        if client is None or client.suspended:
            return ""
        token, lifetime = self.control.token_maker(now).make(client, grant.scope, grant)
        self._tokens = {one: kept for one, kept in self._tokens.items() if kept[1] > now}
        self._tokens[key] = (token, now + lifetime)
        return token


async def ask(
    request: Request,
    staff: Staff,
    method: str,
    path: str,
    *,
    json: Any = None,
    params: Mapping[str, Any] | None = None,
) -> Answer:
    """Have an API do something in a person's name.

    Args:
        staff: who has signed in at the page; never anybody else.
        path: public path of the operation, such as ``/control/v1/clients``.
        json: the body; none when left out.
        params: of the query.
    """
    acting = cast(Acting, request.app.state.acting)
    request_id = request.headers.get(headers.REQUEST_ID, "")
    return await acting.ask(staff, request_id, method, path, json, params)


async def ensure(connection: AsyncConnection, now: int) -> None:
    """The client that the pages are: nobody can get a token for it from outside."""
    held = await clients.find(connection, CLIENT_ID)
    client = Client(
        client_id=CLIENT_ID,
        name="Console and portal",
        client_class="operator",
        scopes=tuple(sorted(scopes_of(ROLES))),
        grant_types=(),
        redirect_uris=(),
        auth_method=clients.PUBLIC,
        rate=(3_000, 60),
        suspended=held.suspended if held else False,
        created=held.created if held else now,
    )
    await (clients.replace if held else clients.add)(connection, client)


def _is_plain(path: str) -> bool:
    """Whether it is a public path and stays where it says: ids in it come from forms."""
    plain = unquote(path)
    segments = plain.split("/")[1:]
    return (
        path.startswith("/")
        and plain.isprintable()
        and not {"", ".."} & set(segments)
        and not {"?", "#"} & set(path)
        and segments[0] != "internal"
    )


def _own_route(routes: Iterable[Route], method: str, path: str) -> Route | None:
    """The operation of the control plane's own that a request means; literal segments win."""
    given = unquote(path).split("/")
    found = [
        route
        for route in routes
        if route["method"] == method.upper() and _fits(route["path"].split("/"), given)
    ]
    return min(found, key=lambda route: route["path"].count("{"), default=None)


def _fits(template: Sequence[str], given: Sequence[str]) -> bool:
    return len(template) == len(given) and all(
        part == one or part.startswith("{") for part, one in zip(template, given, strict=True)
    )


def _read(answer: httpx.Response) -> Answer:
    body = None
    if answer.content and "json" in answer.headers.get("content-type", ""):
        try:
            body = orjson.loads(answer.content) if len(answer.content) <= _LARGEST else None
        except orjson.JSONDecodeError:
            logger.warning("%s answers what is no JSON", answer.request.url.path)
    problem, faults = ("", ""), tuple[str, ...]()
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        said = body if isinstance(body, dict) else {}
        problem = (str(said.get("title", answer.reason_phrase)), str(said.get("detail", "")))
        faults = tuple(
            f"{one.get('where', '')}: {one.get('what', '')}"
            for one in said.get("errors", [])
            if isinstance(one, dict)
        )
    return Answer(answer.status_code, body, problem, faults, answer.headers)
