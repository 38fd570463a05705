"""Looks at the city again and again: every 2 s while somebody watches, else every 15 s."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from gateway.control.live.draw import draw
from gateway.control.live.exposition import Reader
from gateway.control.live.facts import Facts, facts
from gateway.control.live.gather import Gatherer
from gateway.control.live.picture import Picture, Process
from gateway.control.live.rings import Rings
from gateway.control.live.rule import Finding, Judgement
from gateway.control.live.rules import findings, overall
from gateway.control.policy.collector import Published
from schemas.problem import Unavailable

logger = logging.getLogger(__name__)

WATCHED: Final = 2.0
UNWATCHED: Final = 15.0
_SHARE: Final = 10
"""Looking takes at most one part in so many of the time: a large city is looked at less often."""
MOST_WATCHERS: Final = 50


@dataclass(frozen=True, slots=True)
class Noted:
    """A finding, and since when it is one, in seconds since the epoch."""

    finding: Finding
    since: float


@dataclass(frozen=True, slots=True)
class Look:
    """What one look has found; ``number`` grows with each."""

    number: int
    picture: Picture
    noted: tuple[Noted, ...]
    judgement: Judgement


class Live:
    """Args:
    published: the policy in force.
    wall: seconds since the epoch; ``clock`` counts seconds.
    """

    def __init__(
        self,
        gatherer: Gatherer,
        published: Callable[[], Published],
        wall: Callable[[], float],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.gatherer = gatherer
        self._published = published
        self._wall, self._clock = wall, clock
        self._rings = Rings()
        self._looked = clock()
        self._revision = ""
        self._facts = Facts()
        self._since: dict[tuple[str, str], float] = {}
        self._wake = asyncio.Event()
        self._news = asyncio.Condition()
        self.watchers = 0
        self.closed = False
        self.current: Look | None = None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            began = self._clock()
            try:
                await self.look()
            except Exception as error:  # what cannot be shown must not end the showing
                logger.warning("the city could not be looked at: %r", error)
            await self._rest(self._clock() - began)

    async def look(self) -> Look:
        """Ask everybody once."""
        self._follow_the_policy()
        fresh = await self.gatherer.round()
        now = self._clock()
        self._rings.add(now, now - self._looked, fresh)
        self._looked = now
        picture = self._draw(now)
        found = findings(picture)
        self._note(found, picture.at)
        noted = tuple(Noted(each, self._since[each.rule, each.subject]) for each in found)
        number = self.current.number + 1 if self.current else 1
        self.current = Look(number, picture, noted, overall(found))
        async with self._news:
            self._news.notify_all()
        return self.current

    def _follow_the_policy(self) -> None:
        published = self._published()
        if published.revision == self._revision:
            # the states of documents are no part of the revision
            apis = {api.name: api.state for api in published.attached}
            self._facts = replace(self._facts, apis=apis)
            return
        before, self._facts = self._facts, facts(published)
        self._revision = published.revision
        if before.lasting != self._facts.lasting:
            self.gatherer.reader = Reader(self._facts.lasting)

    def _draw(self, now: float) -> Picture:
        processes = [
            Process(each.part, each.address, max(0.0, now - each.heard), each.took, each.error)
            for _, each in sorted(self.gatherer.instances.items())
        ]
        return draw(
            self._wall(),
            self._rings.lately(now),
            self._rings.hour(),
            self.gatherer.levels(),
            self._facts,
            processes,
            self.gatherer.lost,
        )

    def _note(self, found: tuple[Finding, ...], at: float) -> None:
        self._since = {
            (each.rule, each.subject): self._since.get((each.rule, each.subject), at)
            for each in found
        }

    async def _rest(self, took: float) -> None:
        await asyncio.sleep(max(WATCHED, took * _SHARE))
        if not self.watchers:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(UNWATCHED - WATCHED):
                    await self._wake.wait()

    # Those who watch

    def admit(self) -> None:
        """Let one more watch.

        Raises:
            Unavailable: too many do.
        """
        if self.watchers >= MOST_WATCHERS or self.closed:
            raise Unavailable("Too many watch the city at once.", headers={"retry-after": "10"})

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Somebody watches from now on."""
        self.watchers += 1
        self._wake.set()
        try:
            yield
        finally:
            self.watchers -= 1

    async def after(self, number: int) -> Look | None:
        """The look after ``number``, as soon as there is one; None when there will be none."""
        async with self._news:
            await self._news.wait_for(
                lambda: self.closed or (self.current is not None and self.current.number > number)
            )
        return None if self.closed else self.current

    async def close(self) -> None:
        """Let all who watch go."""
        self.closed = True
        async with self._news:
            self._news.notify_all()
