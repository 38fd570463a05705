"""A feed: one document of a data holder, read whole and swapped in one assignment.

What cannot be read is refused with what is wrong and where; what was served before stays served,
also after a restart and by the connector's other processes: what is pushed is kept in the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from connectors.kept import Kept
from connectors.publish import Publisher
from connectors.source import Sample, Source, open_source
from schemas.ngsild import Entity
from schemas.problem import Problem

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LOOK_SECONDS: Final = 2.0
"""How soon a process serves what another was pushed."""


@dataclass(frozen=True)
class FeedSpec(Generic[T]):
    """What a connector says of a feed; the rest is :class:`Feed`'s.

    Attributes:
        name: in ``PUT /<domain>/v1/feeds/<name>`` and in the source setting ``<domain>.<name>``.
        standard: the format's name and version, for people.
        media_types: of a pushed document.
        parse: bytes → value. Raises a :class:`~schemas.problem.Problem` whose faults say what is
            wrong and where; runs in a thread, so it may be slow.
        entities: value → everything the feed now has, for the broker.
        take: for a feed that adds to a record of the connector's own (a log of events, say)
            instead of being all there is: keeps and publishes the value, all or nothing, and
            returns how many things in it were new. ``entities`` is then not asked.
        sample: the sample city's document at a moment.
        interval: seconds between fetches.
        limit: most bytes of a document.
    """

    name: str
    standard: str
    media_types: tuple[str, ...]
    parse: Callable[[bytes], T]
    entities: Callable[[T], Iterable[Entity]] = field(default=lambda _: ())
    take: Callable[[T], Awaitable[int]] | None = None
    sample: Sample | None = None
    interval: float = 60.0
    limit: int = 64 * 1024 * 1024


@dataclass(slots=True)
class FeedStatus:
    """How a feed is doing, for operators and for those who use its data.

    Attributes:
        loaded_at: when what is served was read; ``checked_at`` when it was last known to be all.
        failing_since, problem: since when, and why, the source cannot be read; None when it can.
        failures: looks that failed since the process began.
        changed: entities that differed at the last reading.
    """

    loaded_at: datetime | None = None
    checked_at: datetime | None = None
    failing_since: datetime | None = None
    problem: dict[str, Any] | None = None
    failures: int = 0
    changed: int = 0


class Feed(Generic[T]):
    """A running feed.

    Attributes:
        value: what was last read well; None before the first.
        status: see :class:`FeedStatus`.
        since: when it was made.
    """

    def __init__(
        self,
        spec: FeedSpec[T],
        *,
        source: str,
        publisher: Publisher,
        kept: Kept,
        clock: Callable[[], datetime],
    ) -> None:
        self.spec = spec
        self.value: T | None = None
        self.status = FeedStatus()
        self.since = clock()
        self._publisher, self._kept, self._clock = publisher, kept, clock
        self._source: Source | None = (
            open_source(source, spec.name, sample=spec.sample, limit=spec.limit, clock=clock)
            if source
            else None
        )
        self._version = 0  # of the kept document that is served; 0 while none was ever pushed
        self._due = 0.0
        self._unread: bytes | None = None  # fetched, and not (or not yet) read well
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.loaded = asyncio.Event()

    @property
    def is_followed(self) -> bool:
        """Whether it has a source that is asked again and again; what is pushed has none."""
        return self._source is not None and not self._version

    @property
    def rests(self) -> bool:
        """Whether its source failed so often that it is left alone for a while."""
        return self._source is not None and self._source.rests

    async def start(self) -> None:
        """Serve what was kept, then follow the source and what other processes are pushed."""
        await self.look()
        self._task = asyncio.create_task(self._follow(), name=f"feed {self.spec.name}")

    async def stop(self) -> None:
        if self._task:
            async with self._one_at_a_time:  # never in the middle of a load
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._source:
            await self._source.close()

    async def accept(self, raw: bytes) -> int:
        """Take a document pushed by a data holder; from then on pushes replace the source.

        Returns:
            How many entities differ from before.

        Raises:
            Problem: the document is not acceptable; what was served stays served.
        """
        async with self._one_at_a_time:
            changed = await self._load(raw)
            self._version = await self._kept.keep(self.spec.name, raw)
            self._recovered()
        return changed

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._source and not self._version and loop.time() >= self._due:
                self._due = loop.time() + self.spec.interval
                await self.refresh()
            await asyncio.sleep(min(self.spec.interval, _LOOK_SECONDS))
            await self.look()

    async def refresh(self) -> None:
        """Fetch once; a failure is noted (logged when it begins and when it ends), not raised."""
        if self._source is not None:
            await self._noting(self._fetch(self._source))

    async def look(self) -> None:
        """Serve what another process of the connector was pushed, if newer; notes failures."""
        await self._noting(self._take_kept())

    async def _fetch(self, source: Source) -> None:
        fetched = await source.fetch()
        async with self._one_at_a_time:
            if self._version:
                return  # a push came while this was on its way, and is what counts
            if fetched is not None:
                self._unread = fetched
            if self._unread is not None:
                await self._load(self._unread)
                self._unread = None
            self._recovered()

    async def _take_kept(self) -> None:
        async with self._one_at_a_time:
            found = await self._kept.newer(self.spec.name, self._version)
            if found is not None:
                self._version, raw = found
                await self._load(raw)
                self._recovered()

    async def _noting(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Problem as problem:
            self._failed(problem)
        except OSError as error:
            self._failed(Problem(f"The source cannot be read: {error}."))
        except Exception as error:
            # a store that is away, say: a feed that stopped for it would never come back
            if self.status.failing_since is None:
                logger.exception("feed %s", self.spec.name)
            self._failed(Problem(f"The document could not be taken: {type(error).__name__}."))

    async def _load(self, raw: bytes) -> int:
        value = await asyncio.to_thread(self.spec.parse, raw)
        changed = await (self.spec.take or self._publish)(value)
        self.value = value
        self.status.loaded_at, self.status.changed = self._clock(), changed
        self.loaded.set()
        return changed

    async def _publish(self, value: T) -> int:
        entities = await asyncio.to_thread(lambda: list(self.spec.entities(value)))
        return await self._publisher.state(self.spec.name, entities)

    def _failed(self, problem: Problem) -> None:
        if self.status.failing_since is None:
            self.status.failing_since = self._clock()
            logger.warning("feed %s: %s (keeping what was served)", self.spec.name, problem.detail)
        self.status.failures += 1
        self.status.problem = problem.as_json()

    def _recovered(self) -> None:
        if self.status.failing_since is not None:
            logger.info("feed %s: good again", self.spec.name)
        self.status.checked_at = self._clock()
        self.status.failing_since = self.status.problem = None
