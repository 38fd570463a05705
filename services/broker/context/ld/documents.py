"""Remote contexts, kept for as long as their servers say (GS CIM 009 §5.13.1, §6.3.16)."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from services.broker.context.errors import BadRequestData, LdContextNotAvailable, NgsiProblem
from services.broker.context.ld.process import check_context

MOST_BYTES: Final = 4_194_304
MOST_KEPT: Final = 500
BAD_SECONDS: Final = 30.0
"""For so long a context that could not be had is not asked for again."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of a server.

    Attributes:
        seconds: for which it may be used.
    """

    body: bytes
    seconds: float


Fetch = Callable[[str], Awaitable[Fetched]]
"""A document by URL; raises :class:`LdContextNotAvailable`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A remote context.

    Attributes:
        content: the value of its ``@context``.
        expires: seconds since the epoch.
    """

    content: Any
    expires: float


def parse_document(url: str, fetched: Fetched, now: float) -> Document:
    """The context in a document; what stands beside it does not count (JSON-LD 1.1 §3.1).

    Raises:
        BadRequestData: it has none.
    """
    try:
        found = orjson.loads(fetched.body)
    except orjson.JSONDecodeError as error:
        raise BadRequestData(f"The @context at {url} is not JSON.") from error
    if not isinstance(found, dict) or "@context" not in found:
        raise BadRequestData(f"The document at {url} has no @context.")
    check_context(found["@context"])
    return Document(found["@context"], now + fetched.seconds)


class Documents:
    """Remote contexts by URL, in memory; each fetched once however many ask for it at once.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.time) -> None:
        self._fetch, self._clock = fetch, clock
        self._kept: OrderedDict[str, Document | tuple[NgsiProblem, float]] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[Document]] = {}

    def kept(self, url: str) -> Document | None:
        """What is here and still good.

        Raises:
            NgsiProblem: it could not be had a moment ago.
        """
        found = self._kept.get(url)
        if isinstance(found, Document):
            return found if found.expires > self._clock() else None
        if found and found[1] > self._clock():
            raise type(found[0])(found[0].detail)
        return None

    def keep(self, url: str, document: Document) -> None:
        self._store(url, document)

    def forget(self, url: str) -> None:
        self._kept.pop(url, None)

    async def fetch(self, url: str) -> Document:
        """Fetch it now, also when it is kept.

        Raises:
            LdContextNotAvailable: it cannot be had.
            BadRequestData: it is no context.
        """
        task = self._under_way.get(url)
        if task is None:
            task = asyncio.create_task(self._fetched(url))
            self._under_way[url] = task
            task.add_done_callback(lambda done: self._done(url, done))
        return await asyncio.shield(task)

    async def _fetched(self, url: str) -> Document:
        try:
            document = parse_document(url, await self._fetch(url), self._clock())
        except (LdContextNotAvailable, BadRequestData) as problem:
            if not isinstance(self._kept.get(url), Document):
                self._store(url, (problem, self._clock() + BAD_SECONDS))
            raise
        self._store(url, document)
        return document

    def _done(self, url: str, done: asyncio.Task[Document]) -> None:
        self._under_way.pop(url, None)
        if not done.cancelled():
            done.exception()  # also when nobody waits for it any more

    def _store(self, url: str, what: Document | tuple[NgsiProblem, float]) -> None:
        self._kept[url] = what
        self._kept.move_to_end(url)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
