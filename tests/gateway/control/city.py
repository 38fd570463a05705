"""A control plane for tests: a real application over a real store, clock and network in hand."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.control import tables
from gateway.control.app import create_control, own_api
from gateway.control.catalogue.fetch import Fetcher
from gateway.control.identity.provider import Provider
from gateway.control.migrations import VERSIONS
from gateway.control.policy.compiler import CompiledApi
from gateway.control.residents import Passwords
from gateway.control.state import Control
from tests import stores

PUBLIC = "https://city.example"
KEY = "gateway-key-gateway-key-gateway-key"
MASTER = b"m" * 32
PASSWORD = "sakura-no-hana"
SECRET = "machine-secret-machine-secret"
CALLBACK = "https://app.example/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")

BOOTSTRAP: dict[str, Any] = {
    "clients": [
        {
            "client_id": "machine",
            "client_secret": SECRET,
            "name": "Machine",
            "client_class": "service",
            "scopes": ["mobility:read", "disaster:read"],
            "rate": [50, 10],
        },
        {
            "client_id": "app",
            "client_secret": SECRET,
            "name": "Booking app",
            "scopes": ["medical:read", "mobility:read"],
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [CALLBACK],
        },
        {
            "client_id": "spa",
            "name": "Public app",
            "scopes": ["medical:read"],
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": ["https://spa.example/cb", "com.example.spa:/cb"],
        },
        {
            "client_id": "holder",
            "client_secret": SECRET,
            "client_class": "data-holder",
            "scopes": ["medical:write"],
        },
    ],
    "residents": [
        {"username": "hanako", "password": PASSWORD, "name": "花子", "links": {}},
    ],
}


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 24, 6, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Network:
    """The inner network: documents by URL, served as a data holder's process would."""

    documents: dict[str, Any] = field(default_factory=dict)
    calls: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        url = f"http://{request.headers['host']}{request.url.path}"
        found = self.documents.get(url)
        if found is None:
            raise httpx.ConnectError("connection refused")
        if isinstance(found, httpx.Response):
            return found
        etag = f'"{hashlib.sha256(json.dumps(found).encode()).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            return httpx.Response(304)
        body = httpx.ByteStream(json.dumps(found).encode())
        return httpx.Response(200, stream=body, headers={"etag": etag})

    def fetcher(self, addresses: Mapping[str, str] | None = None) -> Fetcher:
        async def resolve(host: str, port: int) -> list[str]:
            return [(addresses or {}).get(host, "10.0.0.7")]

        http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        return Fetcher(http, resolve)


@dataclass
class City:
    """One running control plane."""

    app: FastAPI
    clock: Clock
    network: Network
    http: httpx.AsyncClient
    """As the gateway calls it: with the key."""

    @property
    def control(self) -> Control:
        found: Control = self.app.state.control
        return found

    async def token(self, client_id: str = "machine", **form: str) -> httpx.Response:
        data = {"grant_type": "client_credentials", **form}
        return await self.http.post("/oauth/token", data=data, auth=(client_id, SECRET))

    async def claims(self, token: str) -> dict[str, Any]:
        """Verify a token as the outside world would: with the published keys."""
        keys = KeySet.import_key_set((await self.http.get("/oauth/jwks")).json())
        return jwt.decode(token, keys, algorithms=["ES256"]).claims

    async def policy(self) -> dict[str, Any]:
        answer = await self.http.get("/internal/policy")
        found: dict[str, Any] = answer.json()
        return found

    def browser(self) -> httpx.AsyncClient:
        """A resident's browser, through the gateway: with cookies, following nothing by itself."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=PUBLIC,
            headers={"x-city-gateway-key": KEY, "accept-language": "ja,en;q=0.5"},
        )

    async def code(self, **changes: str) -> str:
        """A resident signs in and allows what the app asks for; the code it is sent."""
        async with self.browser() as browser:
            url = authorize_url(**changes)
            await sign_in(browser, url)
            answer = await decide(browser, url, "allow")
        return query_of(answer)["code"]

    async def redeem(self, code: str, client_id: str = "app", **changes: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        return await self.http.post("/oauth/token", data=form, auth=(client_id, SECRET))

    async def refresh(self, token: str, **changes: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, **changes}
        return await self.http.post("/oauth/token", data=form, auth=("app", SECRET))


def authorize_url(**changes: str) -> str:
    """An authorization request; a parameter given as ``""`` is left out."""
    query = {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": CALLBACK,
        "scope": "medical:read",
        "state": "state-of-the-app",
        "code_challenge": CHALLENGE.decode(),
        "code_challenge_method": "S256",
        **changes,
    }
    given = {name: value for name, value in query.items() if value}
    return str(httpx.URL("/oauth/authorize", params=given))


def csrf_of(page: httpx.Response) -> str:
    return page.text.split('name="csrf" value="')[1].split('"')[0]


async def sign_in(browser: httpx.AsyncClient, url: str, password: str = PASSWORD) -> httpx.Response:
    page = await browser.get(url)
    form = {"csrf": csrf_of(page), "username": "hanako", "password": password}
    return await browser.post(url, data={**form, "decision": "sign-in"})


async def decide(browser: httpx.AsyncClient, url: str, decision: str) -> httpx.Response:
    """Press a button of the page; with ``allow``, everything is ticked before."""
    page = await browser.get(url)
    answer = await browser.post(url, data={**form_of(page), "decision": decision})
    if decision == "allow" and answer.status_code == 200 and 'name="combination"' in answer.text:
        answer = await browser.post(url, data={**form_of(answer), "decision": decision})
    return answer


def form_of(page: httpx.Response) -> dict[str, str]:
    """What a page's form would post with every box ticked."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input ([^>]+)>", page.text):
        if 'type="hidden"' in tag or 'type="checkbox"' in tag:
            found |= dict(re.findall(r'name="([^"]+)" value="([^"]*)"', tag))
    return found


def query_of(answer: httpx.Response) -> dict[str, str]:
    """The query parameters of a redirect."""
    found = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in found.items()}


_own: dict[str, CompiledApi] = {}
"""The control plane's own API, always the same: compiling it takes a third of a second."""


@asynccontextmanager
async def running(
    folder: Path,
    *,
    store_url: str = "",
    bootstrap: dict[str, Any] | None = None,
    network: Network | None = None,
    clock: Clock | None = None,
    addresses: Mapping[str, str] | None = None,
    deliver_to: str = "",
    provider: Provider | None = None,
) -> AsyncIterator[City]:
    """A control plane, from its start to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bootstrap.json"
    path.write_text(json.dumps(BOOTSTRAP if bootstrap is None else bootstrap))
    network, clock = network or Network(), clock or Clock()
    store_url = store_url or f"sqlite+aiosqlite:///{folder}/store"
    stores.place(store_url, "control", tables.metadata, VERSIONS)
    app = create_control(
        public_url=PUBLIC,
        store_url=store_url,
        master_key=MASTER,
        gateway_key=KEY,
        bootstrap=path,
        gateway_url="http://127.0.0.1:1",
        own_url="http://control:8001",
        clock=clock,
        passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
        fetcher=network.fetcher(addresses),
        provider=provider,
        refresh_every=0.05,
        deliver_to=deliver_to,
    )
    app.state.own_api = _own.get("api") or _own.setdefault("api", own_api(app))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url=PUBLIC, headers={"x-city-gateway-key": KEY}
        ) as http,
    ):
        yield City(app, clock, network, http)
        ended = [job for job in app.state.jobs if job.done()]
        assert not ended, f"parts of the control plane have ended by themselves: {ended}"
