"""The shared cache of one worker (RFC 9111): what is kept, what is being asked for, what is gone.

Only routes that are marked for it use it, all other requests never come here. It is a worker's
own: how old an answer may be is what its API says of it, and a purge by the control plane reaches
every worker with the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from gateway.core.bounds import CACHED_HEAD_BYTES, Bounds
from gateway.core.cache import Recent
from gateway.core.caching.asked import Asked
from gateway.core.caching.shelf import Owner, Question, Shelf

if TYPE_CHECKING:
    from gateway.core.caching.fetch import Fetch
    from gateway.core.exchange import Exchange
    from gateway.core.http.answer import Answer
    from gateway.core.upstreams.upstream import Upstream

SAFE: Final = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE"))
"""Methods that change nothing (RFC 9110 §9.2.1)."""

_Key = tuple[Question, tuple[bytes | None, ...]]


class Holder:
    """One API, as far as a cache has to know it: when it was ``changed`` through this gateway."""

    __slots__ = ("changed",)

    def __init__(self) -> None:
        self.changed = -inf


class SharedCache:
    """Attributes:
    shelf: what is kept.
    seen: header sections as a cache reads them, by their bytes.
    most_bytes_each, most_waiting: bounds of one answer, and of who waits for it.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.shelf = Shelf(bounds.cache_bytes, bounds.cache_entries, bounds.cache_variants)
        self.most_bytes_each = bounds.cache_object
        self.most_waiting = bounds.cache_waiting
        self._bounds = bounds
        self._fetches: dict[_Key, Fetch] = {}  # who may be joined
        self._under_way: set[Fetch] = set()
        self._passing: Recent[Question, float] = Recent(bounds.heads)
        self.seen: Recent[bytes, Asked] = Recent(bounds.heads)
        self._holders: dict[str, Holder] = {}
        self._purged: dict[str, int] = {}
        self._purges = 0

    def asked(self, block: bytes) -> Asked:
        """Fields of a request as a cache reads them, read now or remembered by their bytes."""
        found = self.seen.young.get(block) or self.seen.older(block)
        if found is None:
            found = Asked(block)
            if len(block) <= CACHED_HEAD_BYTES:
                self.seen.put(block, found)
        return found

    # What is being asked for

    def _key(self, question: Question, asked: Asked) -> _Key:
        resource = self.shelf.items.get(question)
        return question, asked.selected(resource.vary) if resource is not None else ()

    def fetching(self, question: Question, asked: Asked) -> Fetch | None:
        """Who asks the same at the moment."""
        return self._fetches.get(self._key(question, asked)) if self._fetches else None

    def begin(self, fetch: Fetch) -> None:
        fetch.key = self._key(fetch.target, fetch.asked)
        self._fetches[fetch.key] = fetch
        self._under_way.add(fetch)

    def end(self, fetch: Fetch) -> None:
        self._under_way.discard(fetch)
        if self._fetches.get(fetch.key) is fetch:
            del self._fetches[fetch.key]

    def let_pass(self, question: Question) -> None:
        self._passing.put(question, monotonic() + self._bounds.cache_pass)

    def is_passing(self, question: Question, now: float) -> bool:
        until = self._passing.get(question)
        return until is not None and now < until

    # What is gone

    def holder(self, upstream: str) -> Holder:
        return self._holders.setdefault(upstream, Holder())

    def keep_only(self, owners: Set[Owner], purged: Mapping[str, int]) -> None:
        """A new policy: forget answers of routes that it does not have, and what it has purged.

        Args:
            owners: the routes whose answers are kept.
            purged: see :class:`schemas.policy.Snapshot`. A moment that is not the one seen before
                means that all of it goes, whatever the clocks of the machines say.
        """
        new = {what for what, when in purged.items() if self._purged.get(what) != when}
        self._purged = dict(purged)
        self._purges += len(new)

        def unwanted(owner: Owner) -> bool:
            labels = {"*", f"route:{owner.route}", f"dataset:{owner.dataset}"}
            return owner not in owners or not new.isdisjoint(labels)

        self.shelf.drop_owned(unwanted)
        self._outdate(lambda fetch: unwanted(fetch.way.owner))

    def _outdate(self, which: Callable[[Fetch], bool]) -> None:
        """What is being asked for is given to who waits for it, but neither kept nor waited for."""
        for key, fetch in tuple(self._fetches.items()):
            if which(fetch):
                fetch.wanted = False
                del self._fetches[key]

    def tick(self, now: float) -> None:
        for fetch in tuple(self._under_way):
            fetch.tick(now)

    def as_json(self) -> dict[str, Any]:
        return {
            "cache_bytes": self.shelf.bytes,
            "cache_entries": len(self.shelf),
            "cache_dropped": self.shelf.dropped,
            "cache_purges": self._purges,
        }


class ChangingRoute:
    """A route by which what is kept may be changed.

    RFC 9111 §4.4: when a method that is not safe has succeeded, what is kept of its target goes,
    and of the targets that its answer names. Beyond that, everything else that the same API has
    said is asked for again before it is used: a writer reads what it wrote, also in lists.
    """

    __slots__ = ("_cache", "_holder", "_upstream")

    def __init__(self, cache: SharedCache, upstream: Upstream) -> None:
        self._cache = cache
        self._holder = cache.holder(upstream.name)
        self._upstream = upstream

    def send(self, exchange: Exchange) -> None:
        exchange.watcher = self._answered
        self._upstream.send(exchange)

    def _answered(self, exchange: Exchange, answer: Answer) -> None:
        if not 200 <= answer.status < 400:
            return
        self._holder.changed = monotonic()
        host, path, _ = exchange.question()
        for each in (path, *_named(answer.lines, host)):
            self._cache.shelf.drop_path(each)


def _named(lines: list[bytes], host: bytes) -> list[bytes]:
    """Paths in ``Location`` and ``Content-Location`` that are of the same origin."""
    found = []
    for line in lines:
        if line[:1] not in b"cClL":  # most lines, at the price of one comparison
            continue
        name, _, value = line.partition(b":")
        if name.lower() in (b"location", b"content-location"):
            found += _same_origin(value.strip(b" \t"), host)
    return found


def _same_origin(value: bytes, host: bytes) -> list[bytes]:
    try:
        target = urlsplit(value)
    except ValueError:
        return []
    ours = target.path.startswith(b"/") and target.netloc.lower() in (b"", host.lower())
    return [target.path] if ours else []
