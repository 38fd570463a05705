"""One process for several connectors, each an ASGI application of its own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from connectors.base import Connector, Context
from connectors.metrics import add_metrics
from connectors.registry import CONNECTORS, load
from schemas.kit.app import add_probes
from schemas.kit.broker_sink import broker_sink
from schemas.kit.client import CityClient
from schemas.kit.refusals import add_problem_handlers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Receive, Scope, Send


def create_host(
    *,
    store_url: str,
    gateway_url: str,
    client_id: str,
    client_secret: str,
    gateway_key: str = "",
    only: tuple[str, ...] = (),
    sources: Mapping[str, str] | None = None,
    sample: bool = True,
) -> FastAPI:
    """The connectors of ``only``, or all, as one ASGI application.

    Args:
        gateway_url, client_id, client_secret: with which they publish through the open API.
        sources: ``<domain>.<feed>`` → URL or path; see :mod:`connectors.source`.
        sample: feeds without a source are the sample city's.
    """
    client = CityClient(gateway_url, client_id, client_secret)
    connectors = [
        load(domain)(
            Context(
                store_url=store_url,
                sink=broker_sink(client),
                sources=_of(domain, sources or {}),
                sample=sample,
                gateway_key=gateway_key,
            )
        )
        for domain in only or tuple(CONNECTORS)
    ]
    return host(connectors, client)


def _of(domain: str, sources: Mapping[str, str]) -> dict[str, str]:
    prefix = f"{domain}."
    return {k.removeprefix(prefix): v for k, v in sources.items() if k.startswith(prefix)}


def host(connectors: list[Connector], client: CityClient | None = None) -> FastAPI:
    """Given connectors as one ASGI application that starts and stops them."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if client:
                stack.push_async_callback(client.close)
            for connector in connectors:
                stack.push_async_callback(connector.stop)
                await connector.start()
            yield

    app = FastAPI(title="connectors", openapi_url=None, lifespan=lifespan)
    add_problem_handlers(app)
    add_probes(app, None)
    add_metrics(app, connectors)
    app.add_middleware(_ByDomain, apps={c.domain: c.app() for c in connectors})
    return app


class _ByDomain:
    """ASGI middleware: the first path segment names the connector."""

    def __init__(self, app: ASGIApp, apps: Mapping[str, ASGIApp]) -> None:
        self._app, self._apps = app, dict(apps)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http":
            app = self._apps.get(scope["path"].split("/", 2)[1], app)
        await app(scope, receive, send)
