"""The context of an ``@context``: looked up when it was seen before, else fetched and compiled."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import orjson

from schemas.kit.store import Store
from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import CORE, Context
from services.broker.context.ld.documents import Document, Documents, Fetch
from services.broker.context.ld.process import (
    MOST_INLINE_TERMS,
    check_context,
    compile_context,
    urls_in,
)
from services.broker.context.ld.stored import StoredContexts, cached_id

PATH: Final = "/ngsi-ld/v1/jsonldContexts"
MOST_DOCUMENTS: Final = 10
"""Remote contexts that one context may need, those that they need included."""

_OWN: Final = re.compile(re.escape(PATH) + r"/([^/]+)/?")
_MOST_URL: Final = 2_000
_MOST_COMPILED_BYTES: Final = 50_000_000
_LARGE: Final = 20_000  # bytes
_HOSTED_SECONDS: Final = 60.0
"""For so long another process may use one that was deleted in this one."""


class Contexts:
    """The contexts that requests are read with.

    Args:
        public_url: the broker's address as its callers know it; contexts that it hosts have URLs
            under it.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        fetch: Fetch,
        *,
        public_url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.public_url = public_url.rstrip("/")
        self.stored = StoredContexts(store, clock=clock)
        self._clock = clock
        self._documents = Documents(fetch, clock=clock)
        self._compiled: OrderedDict[bytes, tuple[Context, tuple[str, ...], float, int]]
        self._compiled = OrderedDict()
        self._bytes = 0
        self._hits: dict[str, tuple[int, float]] = {}

    async def resolve(self, value: Any) -> Context:
        """The context that an ``@context`` member or a Link field gives.

        Args:
            value: a URL, an object of terms, or a list of these; None for the core context.

        Raises:
            BadRequestData: it is none, or one that it names is none.
            LdContextNotAvailable: one that it names cannot be had.
        """
        if value is None:
            return CORE
        check_context(value, most_terms=MOST_INLINE_TERMS)
        key = orjson.dumps(value)
        kept = self._compiled.get(key)
        if kept and kept[2] > self._clock():
            context, ids, _, _ = kept
        else:
            context, ids = await self._compile(key, value)
        self._used(ids)
        return context

    async def _compile(self, key: bytes, value: Any) -> tuple[Context, tuple[str, ...]]:
        documents, ids = await self._documents_of(value)
        contents = {url: document.content for url, document in documents.items()}
        size = len(key) + sum(len(orjson.dumps(content)) for content in contents.values())
        if size > _LARGE:  # it takes a while, in which others want to be served
            context = await asyncio.to_thread(compile_context, value, contents)
        else:
            context = compile_context(value, contents)
        expires = min((d.expires for d in documents.values()), default=float("inf"))
        self._keep(key, context, tuple(ids), expires, size)
        return context, tuple(ids)

    def _keep(
        self, key: bytes, context: Context, ids: tuple[str, ...], expires: float, size: int
    ) -> None:
        old = self._compiled.pop(key, None)
        self._compiled[key] = (context, ids, expires, size)
        self._bytes += size - (old[3] if old else 0)
        while self._bytes > _MOST_COMPILED_BYTES and len(self._compiled) > 1:
            self._bytes -= self._compiled.popitem(last=False)[1][3]

    async def _documents_of(self, value: Any) -> tuple[dict[str, Document], list[str]]:
        """The documents that a context needs, by URL, and the ids of those found in the storage."""
        found: dict[str, Document] = {}
        ids: list[str] = []
        wanted = urls_in(value)
        while wanted:
            url = wanted.pop(0)
            if url in found:
                continue
            if len(found) == MOST_DOCUMENTS:
                raise BadRequestData(f"The @context needs more than {MOST_DOCUMENTS} documents.")
            found[url], id_ = await self._document(url)
            ids.append(id_)
            # relative to where it was asked for, as the processor has it too
            wanted += urls_in(found[url].content, url)
        return found, ids

    async def _document(self, url: str) -> tuple[Document, str]:
        _check_url(url)
        if own := _OWN.fullmatch(urlsplit(url).path):
            stored = await self.stored.get(unquote(own[1]))
            if stored and stored.kind != "Cached":
                expires = self._clock() + _HOSTED_SECONDS
                return Document(stored.content, expires), stored.id
        kept = self._documents.kept(url) or await self._from_table(url)
        if kept:
            return kept, cached_id(url)
        document = await self._documents.fetch(url)
        await self.stored.cache(url, document)
        return document, cached_id(url)

    async def _from_table(self, url: str) -> Document | None:
        """One that another process fetched, or this one before it was started again."""
        stored = await self.stored.get(cached_id(url))
        if stored is None or (stored.expires or 0.0) <= self._clock():
            return None
        document = Document(stored.content, stored.expires or 0.0)
        self._documents.keep(url, document)
        return document

    async def reload(self, url: str) -> None:
        """Fetch a cached context again; it stays as it is when that fails."""
        document = await self._documents.fetch(url)
        await self.stored.cache(url, document)
        self._compiled.clear()
        self._bytes = 0

    async def delete(self, id_: str, url: str) -> None:
        """Forget a stored context."""
        await self.stored.delete(id_)
        self._hits.pop(id_, None)
        self._documents.forget(url)
        self._compiled.clear()
        self._bytes = 0

    async def hosted(self, context: Context, tenant: str = "") -> Context:
        """The context under a URL: its own, or that of an implicitly created one (§5.13.1)."""
        if context.url:
            return context
        return context.named(self.url_of(await self.stored.imply(context.source, tenant)))

    def url_of(self, id_: str) -> str:
        """Where a stored context is served; relative while the broker's address is not known."""
        return f"{self.public_url}{PATH}/{id_}"

    def _used(self, ids: tuple[str, ...]) -> None:
        for id_ in ids:
            self._hits[id_] = (self._hits.get(id_, (0, 0.0))[0] + 1, self._clock())

    def served(self, id_: str) -> None:
        """Count that a context was found in the storage."""
        self._used((id_,))

    async def tidy(self) -> None:
        """What is to be done now and then: write down what was used, remove what has expired."""
        await self.write_hits()
        await self.stored.tidy()

    async def write_hits(self) -> None:
        """Write down how often contexts were used since the last time."""
        hits, self._hits = self._hits, {}
        await self.stored.count(hits)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound or len(url) > _MOST_URL or not url.isprintable() or " " in url:
        raise BadRequestData(f"{url[:200]!r} is no URL of an @context: give an absolute http URL.")
