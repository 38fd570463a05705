"""What is on the map now, and who is told when it changes. No I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from gateway.control.citymap.things import Thing, simplified, thing
from schemas.problem import Unavailable

MOST_THINGS: Final = 20_000
MOST_WATCHERS: Final = 50


class Mailbox:
    """What a watcher has not been told yet: the newest of each thing, so it never grows beyond it.

    ``None`` stands for what is no longer there.
    """

    def __init__(self) -> None:
        self._news: dict[str, Thing | None] = {}
        self._whole: tuple[Thing, ...] | None = None
        self._any = asyncio.Event()
        self._stale = False
        self.closed = False

    def put(self, identity: str, found: Thing | None) -> None:
        self._news[identity] = found
        self._any.set()

    def begin(self, whole: tuple[Thing, ...]) -> None:
        """All that there is; what was to be told before is in it."""
        self._whole, self._news, self._stale = whole, {}, False
        self._any.set()

    def lose(self) -> None:
        """What was told may be out of date."""
        self._stale = True
        self._any.set()

    def close(self) -> None:
        self.closed = True
        self._any.set()

    async def take(self) -> dict[str, Any]:
        """What there is to tell, as soon as there is something.

        ``things`` and ``gone``; ``all`` when the things are all that there are; ``stale`` while
        nobody knows whether they still are as they were.
        """
        await self._any.wait()
        self._any.clear()
        whole, news = self._whole, self._news
        self._whole, self._news = None, {}
        things = [found for found in news.values() if found is not None]
        gone = [identity for identity, found in news.items() if found is None]
        told: dict[str, Any] = {"things": [*(whole or ()), *things], "gone": gone}
        if whole is not None:
            told["all"] = True
        return {**told, "stale": True} if self._stale else told


class CityMap:
    """All things by id."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self._boxes: set[Mailbox] = set()
        self.loaded = asyncio.Event()
        """Set once all that there is has been read, until it may be out of date."""

    @property
    def watchers(self) -> int:
        return len(self._boxes)

    def admit(self) -> None:
        """Let one more watch.

        Raises:
            Unavailable: too many do.
        """
        if self.watchers >= MOST_WATCHERS:
            raise Unavailable("Too many look at the map at once.", headers={"retry-after": "10"})

    @contextmanager
    def watching(self) -> Iterator[Mailbox]:
        """The mailbox of somebody who looks from now on."""
        box = Mailbox()
        self._boxes.add(box)
        if self.loaded.is_set():
            box.begin(tuple(self.things.values()))
        try:
            yield box
        finally:
            self._boxes.discard(box)

    def replace(self, entities: Iterable[Mapping[str, Any]]) -> None:
        """Exactly these entities are there, in simplified form."""
        found = [made for one in entities if (made := thing(one)) is not None]
        self.things = {one["id"]: one for one in found[:MOST_THINGS]}
        self.loaded.set()
        for box in self._boxes:
            box.begin(tuple(self.things.values()))

    def change(self, data: Mapping[str, Any]) -> None:
        """Take the data of a ``city.context.entity.changed``; nobody is told what is no change."""
        identity, entity = data.get("entityId"), data.get("entity")
        if not isinstance(identity, str):
            return
        found = thing(simplified(entity)) if isinstance(entity, dict) else None
        if found == self.things.get(identity):
            return
        if found is None:
            del self.things[identity]
        elif identity in self.things or len(self.things) < MOST_THINGS:
            self.things[identity] = found
        else:
            return
        for box in self._boxes:
            box.put(identity, found)

    def lose(self) -> None:
        """The city is not followed at the moment."""
        self.loaded.clear()
        for box in self._boxes:
            box.lose()

    def close(self) -> None:
        """Let all who watch go."""
        for box in self._boxes:
            box.close()
