"""The broker as one application: context (NGSI-LD) and events (CloudEvents) on one log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from schemas.kit.app import create_app
from schemas.kit.direct import call_directly
from schemas.kit.outbox import Outbox
from schemas.kit.outgoing.addresses import networks
from schemas.kit.outgoing.guard import Guard
from schemas.kit.store import Store
from schemas.problem import Problem
from schemas.xcity import ApiInfo, Dataset
from services.broker import tables
from services.broker.backlog import MOST_WAITING, Backlog
from services.broker.consent.control import Control
from services.broker.consent.metrics import ConsentMetrics
from services.broker.consent.part import Consents
from services.broker.consent.sweeper import Sweeper
from services.broker.context import api as context_api
from services.broker.context import (
    attributes_api,
    batch_api,
    contexts_api,
    discovery_api,
    purge_api,
    query_api,
    unsupported,
)
from services.broker.context.door import Door
from services.broker.context.entities import Entities
from services.broker.context.ld.contexts import Contexts
from services.broker.context.ld.documents import Fetch
from services.broker.context.ld.fetch import ContextFetcher
from services.broker.context.refusals import add_ngsi_refusals
from services.broker.delivery import Deliveries
from services.broker.events import api as events_api
from services.broker.events import groups_api, letters_api
from services.broker.events.fanout import Fanout
from services.broker.events.groups import Groups
from services.broker.events.inlet import Inlet
from services.broker.events.lags import LAG_SECONDS, Lags
from services.broker.events.letters import DeadLetters
from services.broker.events.marks import Marks
from services.broker.log import open_log
from services.broker.metrics import Metrics
from services.broker.migrations import VERSIONS
from services.broker.parts import Broker
from services.broker.registry import api as registry_api
from services.broker.registry.audience import Audience, groups_of
from services.broker.registry.catalogue import LOOK_SECONDS, Catalogue
from services.broker.registry.registration import Registrar
from services.broker.relay import LogSink
from services.broker.standalone import Trusting
from services.broker.subscriptions import api as subscriptions_api
from services.broker.subscriptions.part import Subscribing
from services.broker.topics import event_topics, log_topics
from services.broker.webhooks import api as webhooks_api
from services.broker.webhooks import deliveries_api, handshake_api
from services.broker.webhooks.part import Webhooks

logger = logging.getLogger(__name__)

EVENTS_PREFIX: Final = "/events/v1"
SCHEMAS_PREFIX: Final = "/schemas/v1"
_COUNT_SECONDS: Final = 1.0
_TAKE_STOCK_SECONDS: Final = 10.0
_FORGET_SECONDS: Final = 3600.0
_EXPIRE_SECONDS: Final = 10.0
_TIDY_SECONDS: Final = 60.0

INFO: Final = ApiInfo(
    domain="broker",
    title_ja="コンテキスト・イベントブローカー",
    datasets=(
        Dataset(
            id="context",
            title="Context entities",
            title_ja="コンテキスト情報",
            description="The current state of the city's things, as NGSI-LD entities.",
            update_seconds=1,
            standard="ETSI GS CIM 009 v1.8.1",
        ),
        Dataset(
            id="city-events",
            title="City events",
            title_ja="都市イベント",
            description="What happens in the city, as CloudEvents.",
            update_seconds=1,
            standard="CloudEvents 1.0",
        ),
        Dataset(
            id="event-types",
            title="Event types",
            title_ja="イベント種別",
            description="The registered event types and the JSON Schema of each.",
            standard="JSON Schema 2020-12",
        ),
    ),
)

ROUTERS: Final[Mapping[str, Sequence[APIRouter]]] = {
    # a request looks at one route after the other: what is asked for most often comes first
    context_api.PREFIX: (
        context_api.router,
        query_api.router,
        batch_api.router,
        attributes_api.router,
        discovery_api.router,
        purge_api.router,
        subscriptions_api.router,
        contexts_api.router,
        unsupported.router,
    ),
    EVENTS_PREFIX: (
        events_api.router,
        groups_api.router,
        webhooks_api.router,
        deliveries_api.router,
        handshake_api.router,
        letters_api.router,
        registry_api.types_router,
    ),
    SCHEMAS_PREFIX: (registry_api.schemas_router,),
}


def build_broker(
    store_url: str,
    log_url: str,
    *,
    gateway_key: str = "",
    deliver_to: str = "",
    origin: str = "",
    guard: Guard | None = None,
    public_url: str = "",
    fetch: Fetch | None = None,
    control: Control | None = None,
) -> Broker:
    """The parts, connected to each other; nothing is opened yet."""
    consents = Consents(control)
    inside = networks(deliver_to)
    guard = guard or Guard(inside)
    store = Store(store_url, tables.COMPONENT, tables.metadata, VERSIONS)
    log = open_log(log_url)
    metrics = Metrics()
    types = Catalogue(store)
    sink = LogSink(log, log_topics(), metrics, types.look)
    outbox = Outbox(store, tables.outbox, sink)
    fanout = Fanout(log, event_topics(), metrics)
    types.tell(sink.know)
    types.tell(fanout.know)
    deliveries = Deliveries(store, guard, metrics.registry)
    webhooks = Webhooks(
        store,
        log,
        outbox,
        deliveries,
        lambda: fanout.topics,
        consents.gate,
        key=gateway_key,
        origin=origin,
    )
    audience = Audience()
    for consumers in (groups_of(store), fanout.audience, webhooks.audience):
        audience.add(consumers)
    # contexts are public, and many are published without TLS
    fetch = fetch or ContextFetcher(Guard(inside, plain=True))
    contexts = Contexts(store, fetch, public_url=public_url)
    subscribing = Subscribing(store, deliveries, contexts, consents.gate, key=gateway_key)
    backlog = Backlog(outbox, MOST_WAITING, subscribing.waiting)
    return Broker(
        store=store,
        log=log,
        outbox=outbox,
        backlog=backlog,
        inlet=Inlet(store, outbox, backlog, types),
        fanout=fanout,
        groups=Groups(store, log, outbox, consents.gate),
        entities=Entities(store, outbox, backlog, watcher=subscribing.journal),
        contexts=contexts,
        metrics=metrics,
        deliveries=deliveries,
        subscribing=subscribing,
        webhooks=webhooks,
        types=types,
        letters=DeadLetters(log, outbox),
        marks=Marks(store),
        lags=Lags(store, log, metrics),
        registrar=Registrar(store, audience),
        audience=audience,
        consents=consents,
    )


def create_broker(
    *,
    store_url: str,
    log_url: str,
    gateway_key: str = "",
    deliver_to: str = "",
    origin: str = "",
    guard: Guard | None = None,
    public_url: str = "",
    standalone: bool = False,
    fetch: Fetch | None = None,
    control: Control | None = None,
) -> FastAPI:
    """The broker.

    Args:
        store_url: see :mod:`schemas.kit.store`.
        log_url: see :mod:`services.broker.log`.
        gateway_key: secret that the gateway sends; empty only on a trusted network.
        deliver_to: networks inside, separated by spaces, to which webhooks and notifications may
            go, and from where contexts are fetched, also without TLS (``10.1.0.0/16``; ``any`` for
            all). Without it only addresses in the public Internet are called, with https.
        origin: the host name by which receivers know the city.
        guard: which addresses may be called, for subscribers and contexts; made of ``deliver_to``
            without it.
        public_url: the address of the broker as its callers know it.
        standalone: everybody who reaches it may do everything; no gateway stands before it.
        fetch: how remote contexts are had; by HTTP to where it may be called if left out.
        control: who says which consents hold; without it a resident's token reaches nothing of
            that resident here.

    Raises:
        ValueError: a URL that no adapter speaks, or a network that is none.
    """
    broker = build_broker(
        store_url,
        log_url,
        gateway_key=gateway_key,
        deliver_to=deliver_to,
        origin=origin,
        guard=guard,
        public_url=public_url,
        fetch=fetch,
        control=control,
    )
    app = create_app(
        INFO,
        title="Context and event broker",
        description="What is true of the city now (NGSI-LD), and what happens in it (CloudEvents).",
        prefix=EVENTS_PREFIX,
        routers=(),
        gateway_key=gateway_key,
        lifespan=_lifespan,
        ready=lambda: _ready(broker),
        notes=lambda: _notes(broker),
    )
    for prefix, routers in ROUTERS.items():
        for router in routers:
            app.include_router(router, prefix=prefix)
    add_ngsi_refusals(app)
    call_directly(app, ROUTERS)
    app.add_middleware(Door)
    if standalone:
        app.add_middleware(Trusting)
    app.state.broker = broker
    app.state.drain = partial(_drain, broker)
    _add_metrics(app, broker)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    broker: Broker = app.state.broker
    await broker.store.open()
    await broker.types.look()
    broker.outbox.start()
    broker.fanout.start()
    await broker.webhooks.start()
    broker.consents.start(_sweeper(broker))
    broker.deliveries.start()
    broker.subscribing.start(broker.entities)
    tasks = [
        asyncio.create_task(_every(_COUNT_SECONDS, broker.backlog.count)),
        asyncio.create_task(_every(LOOK_SECONDS, broker.types.look)),
        asyncio.create_task(_every(LAG_SECONDS, broker.lags.measure)),
        asyncio.create_task(_every(_FORGET_SECONDS, broker.inlet.forget)),
        asyncio.create_task(_every(_EXPIRE_SECONDS, broker.entities.expire)),
        asyncio.create_task(_every(_TIDY_SECONDS, broker.contexts.tidy)),
        asyncio.create_task(_every(_TAKE_STOCK_SECONDS, broker.deliveries.count)),
        asyncio.create_task(_every(_FORGET_SECONDS, broker.deliveries.queue.tidy)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await broker.consents.stop()
        await broker.entities.stop()
        await broker.subscribing.stop()
        await broker.webhooks.stop()
        await broker.deliveries.stop()
        await broker.fanout.stop()
        await broker.groups.close()
        await broker.outbox.stop()
        await broker.log.close()
        await broker.store.close()


def _sweeper(broker: Broker) -> Sweeper:
    return Sweeper(
        broker.store,
        broker.consents.ended,
        ConsentMetrics(broker.metrics.registry, broker.consents.ended),
        deliveries=broker.deliveries,
        fanout=broker.fanout,
        book=broker.webhooks.book,
        subscriptions=broker.subscribing.subscriptions,
    )


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except (SQLAlchemyError, Problem) as error:
            logger.warning("will try again in %s s: %r", seconds, error)
        await asyncio.sleep(seconds)


async def _ready(broker: Broker) -> str:
    """The store decides; with the log down events are accepted all the same, into the outbox."""
    try:
        async with broker.store.read() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        return f"the store does not answer: {type(error).__name__}"
    return ""


async def _drain(broker: Broker) -> None:
    """End what would keep the process from ending: streams, and fetches that wait."""
    broker.fanout.end_streams()
    await broker.groups.drain()


async def _notes(broker: Broker) -> str:
    if not broker.outbox.failures:
        return ""
    return f"the log does not answer; {broker.backlog.waiting} messages wait for it"


def _add_metrics(app: FastAPI, broker: Broker) -> None:
    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        broker.metrics.log_reachable.set(0 if broker.outbox.failures else 1)
        broker.metrics.relay_failures.set(broker.outbox.failures)
        broker.metrics.outbox_size.set(broker.backlog.waiting)
        broker.metrics.outbox_age.set(broker.backlog.oldest_seconds)
        broker.metrics.untold.set(broker.backlog.untold)
        body = generate_latest(broker.metrics.registry)
        return Response(body, headers={"content-type": CONTENT_TYPE_LATEST})
