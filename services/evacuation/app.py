"""The evacuation service put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from socket import gethostname

import httpx
from fastapi import FastAPI

from schemas.kit.app import create_app
from schemas.kit.broker_sink import broker_sink
from schemas.kit.client import CityClient
from schemas.kit.outbox import Outbox
from schemas.kit.store import Store
from services.evacuation.alert import MIRAI, City
from services.evacuation.api import INFO, PREFIX, create_router
from services.evacuation.consumer import Consumer
from services.evacuation.lookup import Domains
from services.evacuation.metrics import Metrics, add_metrics
from services.evacuation.migrations import VERSIONS
from services.evacuation.service import Evacuation, keep_true, utc_now
from services.evacuation.tables import METADATA, OUTBOX, Tables


def create_evacuation(
    *,
    store_url: str,
    gateway_url: str,
    client_id: str,
    client_secret: str,
    gateway_key: str = "",
    consumer_name: str = "",
    city: City = MIRAI,
    clock: Callable[[], datetime] = utc_now,
    http: httpx.AsyncClient | None = None,
) -> FastAPI:
    """The service as an ASGI application; its lifespan runs the consumer and the outbox.

    Args:
        store_url: see :mod:`schemas.kit.store`.
        gateway_url, client_id, client_secret: with which it calls the open API; the client needs
            ``events:read``, ``events:publish``, ``events:publish-city``, ``entities:write``,
            ``mobility:read`` and ``medical:read``.
        gateway_key: see :func:`schemas.kit.app.create_app`.
        consumer_name: of this process among others of the service; the host's name if empty.
        city: whose alerts call for guidance.
        http: instead of a client of its own (tests).
    """
    store = Store(store_url, "evacuation", METADATA, VERSIONS)
    client = CityClient(gateway_url, client_id, client_secret, http=http)
    outbox = Outbox(store, OUTBOX, broker_sink(client))
    tables = Tables(store)
    metrics = Metrics()
    evacuation = Evacuation(tables, outbox, Domains(client), city, clock, metrics)
    consumer = Consumer(client, consumer_name or gethostname()[:100], evacuation.handle)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await store.open()
            stack.push_async_callback(store.close)
            stack.push_async_callback(client.close)
            outbox.start()
            stack.push_async_callback(outbox.stop)
            for work in (consumer.run(), keep_true(evacuation)):
                task = asyncio.create_task(work)
                stack.push_async_callback(_cancel, task)
            yield

    async def ready() -> str:
        async with store.read() as connection:
            await tables.page(connection, "active", 1, 0)
        return ""

    async def notes() -> str:
        return "" if consumer.is_following else "alerts are not followed: the broker is away"

    app = create_app(
        INFO,
        title="Evacuation guidance",
        description=(
            "For every real alert that concerns the city: the open shelters with room, and the "
            "stops and hospitals near them. It does not replace the mayor's evacuation "
            "instructions (避難指示)."
        ),
        prefix=PREFIX,
        routers=[create_router(tables)],
        gateway_key=gateway_key,
        lifespan=lifespan,
        ready=ready,
        notes=notes,
    )
    add_metrics(app, metrics, consumer, outbox)
    return app


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
