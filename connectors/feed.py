"""A feed: one document of a data holder, read whole and swapped in one assignment.

What cannot be read is refused with what is wrong and where; what was served before stays served,
also after a restart (the last good bytes are kept on disk).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from connectors.publish import Publisher
from connectors.source import Sample, Source, open_source
from schemas.ngsild import Entity
from schemas.problem import Problem

logger = logging.getLogger(__name__)

T = TypeVar("T")


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
    """How a feed is doing, for operators and for those who use its data."""

    loaded_at: datetime | None = None
    failing_since: datetime | None = None
    problem: dict[str, Any] | None = None
    changed: int = 0


class Feed(Generic[T]):
    """A running feed.

    Attributes:
        value: what was last read well; None before the first.
        status: see :class:`FeedStatus`.
    """

    def __init__(
        self,
        spec: FeedSpec[T],
        *,
        source: str,
        publisher: Publisher,
        keep: Path,
        clock: Callable[[], datetime],
    ) -> None:
        self.spec = spec
        self.value: T | None = None
        self.status = FeedStatus()
        self._publisher, self._keep, self._clock = publisher, keep, clock
        self._source: Source | None = (
            open_source(source, spec.name, sample=spec.sample, limit=spec.limit, clock=clock)
            if source
            else None
        )
        self._pushed = False
        self._unread: bytes | None = None  # fetched, and not (or not yet) read well
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.loaded = asyncio.Event()

    async def start(self) -> None:
        """Serve what was kept, then follow the source."""
        await self._restore()
        if self._source and not self._pushed:
            self._task = asyncio.create_task(self._follow(), name=f"feed {self.spec.name}")

    async def stop(self) -> None:
        await self._stop_following()
        if self._source:
            await self._source.close()

    async def accept(self, raw: bytes) -> int:
        """Take a document pushed by a data holder; from then on pushes replace the source.

        Returns:
            How many entities differ from before.

        Raises:
            Problem: the document is not acceptable; what was served stays served.
        """
        changed = await self._load(raw)
        self._pushed = True
        await asyncio.to_thread(self._write_kept, raw)
        await self._stop_following()
        return changed

    async def _stop_following(self) -> None:
        if self._task is None:
            return
        async with self._one_at_a_time:  # never in the middle of a load
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _follow(self) -> None:
        while True:
            await self.refresh()
            await asyncio.sleep(self.spec.interval)

    async def refresh(self) -> None:
        """Fetch once; a failure is noted (logged when it begins and when it ends), not raised."""
        if self._source is None:
            return
        try:
            fetched = await self._source.fetch()
            if fetched is not None:
                self._unread = fetched
            if self._unread is not None:
                await self._load(self._unread)
                self._unread = None
            self._recovered()
        except Problem as problem:
            self._failed(problem)
        except OSError as error:
            self._failed(Problem(f"The source cannot be read: {error}."))
        except Exception as error:
            # a store that is away, say: a feed that stopped for it would never come back
            logger.exception("feed %s", self.spec.name)
            self._failed(Problem(f"The document could not be taken: {type(error).__name__}."))

    async def _load(self, raw: bytes) -> int:
        async with self._one_at_a_time:
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
        self.status.problem = problem.as_json()

    def _recovered(self) -> None:
        if self.status.failing_since is not None:
            logger.info("feed %s: good again", self.spec.name)
        self.status.failing_since = self.status.problem = None

    async def _restore(self) -> None:
        if not self._keep.exists():
            return
        try:
            await self._load(await asyncio.to_thread(self._keep.read_bytes))
            self._pushed = True
        except (Problem, OSError) as error:
            logger.warning("feed %s: the kept document is not readable: %s", self.spec.name, error)

    def _write_kept(self, raw: bytes) -> None:
        self._keep.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._keep.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)  # a roster, say, is of persons: nobody else's to read
        fresh.write_bytes(raw)
        fresh.replace(self._keep)
