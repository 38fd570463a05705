"""The control plane as an application: everything is put together here, and only here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.control import bootstrap as bootstrapping
from gateway.control.admin import apis, keys
from gateway.control.admin import clients as admin_clients
from gateway.control.catalogue import public
from gateway.control.catalogue.attached import upstream_address
from gateway.control.catalogue.fetch import Fetcher
from gateway.control.catalogue.refresher import EVERY, Refresher
from gateway.control.clock import Clock, utc_now
from gateway.control.housekeeping import Housekeeper
from gateway.control.links import LINKED_DOMAINS, Linker
from gateway.control.oauth import (
    authorize,
    clients,
    metadata,
    register,
    revocation,
    signing_keys,
    token,
)
from gateway.control.oauth.registration import ClientMetadata, make_client
from gateway.control.policy import endpoint
from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.policy.publisher import Publisher
from gateway.control.policy.territory import territory
from gateway.control.residents import Passwords
from gateway.control.secrets import Secrets
from gateway.control.state import Control
from gateway.control.tables import metadata as tables
from schemas.kit.app import create_app, problem_response
from schemas.kit.client import CityClient
from schemas.kit.store import Store
from schemas.problem import Unavailable
from schemas.pseudonym import Pseudonyms
from schemas.xcity import ApiInfo

logger = logging.getLogger(__name__)

STORE_AWAY: Final = (OperationalError, InterfaceError, PoolTimeout, OSError)
"""What the stores' drivers raise when there is nobody, or nobody in time."""

OWN_CLIENT: Final = "supercity-control"
_OPEN_API: Final = (metadata, token, authorize, revocation, register, public, endpoint)

DESCRIPTION: Final = """\
Authorization server (OAuth 2.1), catalogue, and the operators' API of the data-linkage platform."""


def create_control(
    *,
    public_url: str,
    store_url: str,
    master_key: bytes,
    gateway_key: str,
    bootstrap: Path | None,
    gateway_url: str,
    own_url: str,
    clock: Clock = utc_now,
    passwords: Passwords | None = None,
    fetcher: Fetcher | None = None,
    refresh_every: float = EVERY,
) -> FastAPI:
    """The control plane.

    Args:
        public_url: the address that the world knows; issuer and audience of every token.
        store_url: see :mod:`schemas.kit.store`.
        master_key: at least 32 random bytes; pseudonyms and keys at rest are derived from it.
        gateway_key: by which requests through the gateway are known.
        bootstrap: JSON file of what exists from the start (:mod:`gateway.control.bootstrap`).
        gateway_url: the open API, for the control plane's own calls.
        own_url: where the gateway reaches this process.
        clock, passwords, fetcher, refresh_every: replaceable in tests.
    """
    secrets = Secrets(master_key)
    store = Store(store_url, "control", tables)
    publisher = Publisher(
        store=store,
        secrets=secrets,
        clock=clock,
        issuer=public_url,
        own=lambda: own_api(app),
        own_address=upstream_address(own_url),
    )
    control = Control(
        public_url=public_url,
        store=store,
        secrets=secrets,
        pseudonyms=Pseudonyms(master_key),
        passwords=passwords or Passwords(),
        publisher=publisher,
        fetcher=fetcher or Fetcher(),
        clock=clock,
    )
    parts = _Parts(control, bootstrap, gateway_url, refresh_every)
    app = create_app(
        ApiInfo(domain="platform", title_ja="データ連携基盤"),
        title="Supercity platform",
        description=DESCRIPTION,
        prefix="/control/v1",
        routers=[apis.router, admin_clients.router, keys.router],
        gateway_key=gateway_key,
        lifespan=parts.lifespan,
        ready=parts.ready,
    )
    for module in _OPEN_API:
        app.include_router(module.router)
    for kind in STORE_AWAY:
        app.add_exception_handler(kind, _on_store_away)
    app.state.control = control
    app.state.jobs = []
    return app


async def _on_store_away(request: Request, error: Exception) -> Response:
    logger.error("the store is away: %r", error)
    problem = Unavailable("The platform's store is away; try again.", headers={"Retry-After": "5"})
    return problem_response(request, problem)


def own_api(app: FastAPI) -> CompiledApi:
    """The control plane's own API, compiled like any other: from its document."""
    compiled: CompiledApi | None = getattr(app.state, "own_api", None)
    if compiled is None:
        compiled = compile_api(orjson.dumps(app.openapi()), territory("control", internal=True))
        if compiled.faults:
            raise RuntimeError(f"the control plane's own document is refused: {compiled.faults}")
        app.state.own_api = compiled
    return compiled


class _Parts:
    """What runs beside the endpoints, from the process's start to its end."""

    def __init__(
        self, control: Control, bootstrap: Path | None, gateway_url: str, refresh_every: float
    ) -> None:
        self._control = control
        self._bootstrap = bootstrap
        self._gateway_url = gateway_url
        self._refresh_every = refresh_every
        self._ready = False

    async def ready(self) -> str:
        return "" if self._ready else "the first policy"

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        control = self._control
        async with AsyncExitStack() as stack:
            await control.store.open()
            stack.push_async_callback(control.store.close)
            stack.push_async_callback(control.fetcher.close)
            await self._begin()
            client = CityClient(self._gateway_url, OWN_CLIENT, control.secrets.own_client_secret())
            stack.push_async_callback(client.close)
            linker = Linker(control.store, client, control.pseudonyms, control.clock)
            refresher = Refresher(control, self._refresh_every)
            for job in (
                control.publisher.run(),
                refresher.run(),
                linker.run(),
                Housekeeper(control).run(),
            ):
                app.state.jobs.append(await stack.enter_async_context(_running(job)))
            app.state.drain = control.publisher.close
            self._ready = True
            yield
            self._ready = False
            await control.publisher.close()

    async def _begin(self) -> None:
        """Keys, the own client, the bootstrap file, and with all of them the first policy."""
        control = self._control
        async with control.publisher.transaction() as connection:
            await signing_keys.ensure(connection, control.secrets, control.now())
            await _ensure_own_client(control, connection)
        if self._bootstrap:
            await bootstrapping.apply(control, bootstrapping.read(self._bootstrap))
        await control.publisher.refresh()


async def _ensure_own_client(control: Control, connection: Any) -> None:
    scope = " ".join(f"{domain}:link" for domain in LINKED_DOMAINS)
    client, _ = make_client(
        ClientMetadata(client_name="Control plane", scope=scope),
        control.secrets,
        control.now(),
        client_class="internal",
        client_id=OWN_CLIENT,
        client_secret=control.secrets.own_client_secret(),
    )
    held = await clients.find(connection, OWN_CLIENT)
    if held is None:
        await clients.add(connection, client)
    else:
        await clients.replace(connection, replace(client, created=held.created))


def _tell_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.critical("a part of the control plane has ended: %r", error, exc_info=error)


@asynccontextmanager
async def _running(job: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(job)
    task.add_done_callback(_tell_if_failed)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
