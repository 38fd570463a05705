"""What a connector is.

A connector brings one domain into the city: it reads the domain's own standard from the data
holders, says what it has as canonical entities and events, and answers an open API. It never sees
Kafka, tokens or the gateway. Its life:

1. the host calls ``Connector(context)``: settings are taken, nothing is opened;
2. ``start()``: the store is opened, kept documents are loaded, feeds begin to be followed;
3. ``router()``'s operations are served under ``/<domain>/v1``, with ``/feeds`` beside them;
4. ``stop()``: feeds and the outbox stop; what was not yet said stays written.

A new connector is a folder with these files: ``connector.py`` (this class), ``api.py`` (the
router), one module per standard it reads, ``sample.py`` (the sample city), and one line in
:mod:`connectors.registry`.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import MetaData

from connectors.feed import Feed, FeedSpec
from connectors.kept import Kept, kept_table
from connectors.publish import Publisher, publisher_tables
from schemas.kit.app import create_app
from schemas.kit.body import read_body
from schemas.kit.outbox import Sink
from schemas.kit.store import Store
from schemas.problem import NotFound
from schemas.xcity import ApiInfo, operation, raw_body


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """What the host gives a connector.

    Attributes:
        store_url: where the connector may keep tables (see :class:`schemas.kit.store.Store`).
        sink: takes what the connector publishes.
        sources: feed name → where it comes from; ``sample:`` for feeds not named here unless
            ``sample`` is False, which leaves them to be pushed.
        clock: the time now, aware.
        gateway_key: see :func:`schemas.kit.app.create_app`.
    """

    store_url: str
    sink: Sink
    sources: Mapping[str, str] = field(default_factory=dict)
    sample: bool = True
    clock: Callable[[], datetime] = utc_now
    gateway_key: str = ""


def versions_of(kind: type[Connector]) -> Path:
    """Where the versions of a connector's tables are, or would be: beside its module.

    See :mod:`connectors.migrations`.
    """
    return Path(inspect.getfile(kind)).parent / "migrations" / "versions"


class Connector(ABC):
    """Base of the connectors.

    Class attributes to set: ``info`` (domain and data sets), ``title``, ``description``.
    """

    info: ClassVar[ApiInfo]
    title: ClassVar[str]
    description: ClassVar[str]

    def __init__(self, context: Context) -> None:
        self.context = context
        self.clock = context.clock
        self.metadata = MetaData()
        tables = publisher_tables(self.metadata)
        versions = versions_of(type(self))
        self.store = Store(
            context.store_url,
            self.info.domain,
            self.metadata,
            versions if versions.is_dir() else None,
        )
        self.publisher = Publisher(self.store, tables, context.sink)
        self.kept = Kept(self.store, kept_table(self.metadata))
        self.feeds: dict[str, Feed[Any]] = {}

    # --- to be written by a connector

    @abstractmethod
    def router(self) -> APIRouter:
        """The domain's operations, each with ``openapi_extra=schemas.xcity.operation(…)``."""

    async def opened(self) -> None:  # noqa: B027 - a hook, empty unless wanted
        """Called in :meth:`start` when the store is open, before any feed is loaded."""

    async def started(self) -> None:  # noqa: B027 - a hook, empty unless wanted
        """Called at the end of :meth:`start`: the store is open, kept feeds are loaded."""

    async def stopping(self) -> None:  # noqa: B027 - a hook, empty unless wanted
        """Called at the beginning of :meth:`stop`."""

    # --- the host's side

    @property
    def domain(self) -> str:
        return self.info.domain

    @property
    def source_uri(self) -> str:
        """``source`` of this connector's events (CloudEvents §3.1.1)."""
        return f"/connectors/{self.domain}"

    def feed(self, spec: FeedSpec[Any]) -> Feed[Any]:
        """Declare a feed (in ``__init__``)."""
        default = "sample:" if self.context.sample and spec.sample else ""
        made: Feed[Any] = Feed(
            spec,
            source=self.context.sources.get(spec.name, default),
            publisher=self.publisher,
            kept=self.kept,
            clock=self.clock,
        )
        self.feeds[spec.name] = made
        return made

    async def start(self) -> None:
        await self.store.open()
        await self.opened()
        self.publisher.outbox.start()
        for feed in self.feeds.values():
            await feed.start()
        await self.started()

    async def stop(self) -> None:
        await self.stopping()
        for feed in self.feeds.values():
            await feed.stop()
        await self.publisher.outbox.stop()
        await self.store.close()

    def app(self) -> FastAPI:
        """The connector's API; :meth:`start` and :meth:`stop` are called by the host."""
        return create_app(
            self.info,
            title=self.title,
            description=self.description,
            prefix=f"/{self.domain}/v1",
            routers=[self.router(), *([_feeds_router(self)] if self.feeds else [])],
            gateway_key=self.context.gateway_key,
        )


def _feeds_router(connector: Connector) -> APIRouter:
    router = APIRouter(tags=["feeds"])
    specs: Sequence[FeedSpec[Any]] = [feed.spec for feed in connector.feeds.values()]
    media = sorted({media for spec in specs for media in spec.media_types})

    @router.get(
        "/feeds",
        operation_id="listFeeds",
        summary="How the domain's feeds are doing",
        openapi_extra=operation(f"{connector.domain}:read"),
    )
    async def list_feeds() -> list[dict[str, Any]]:
        return [_status(feed) for feed in connector.feeds.values()]

    @router.put(
        "/feeds/{feed}",
        operation_id="putFeed",
        summary="Replace a feed by a document in the domain's own standard",
        description="Read whole: accepted and served, or refused and what was served stays.",
        openapi_extra=operation(
            f"{connector.domain}:ingest",
            max_body_bytes=max(spec.limit for spec in specs),
            request_body=raw_body(*media),
        ),
    )
    async def put_feed(feed: str, request: Request) -> dict[str, Any]:
        found = connector.feeds.get(feed)
        if found is None:
            names = ", ".join(connector.feeds)
            raise NotFound(f"There is no feed {feed!r} here; there are: {names}.")
        await found.accept(await read_body(request, found.spec.limit))
        return _status(found)

    return router


def _status(feed: Feed[Any]) -> dict[str, Any]:
    status = feed.status
    return {
        "name": feed.spec.name,
        "standard": feed.spec.standard,
        "loadedAt": status.loaded_at,
        "failingSince": status.failing_since,
        "problem": status.problem,
        "changedEntities": status.changed,
    }
