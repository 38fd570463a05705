"""A route whose answers are kept: what stands between its last step and its upstream.

:meth:`KeptRoute.send` is what the compiler puts in the place of
:meth:`gateway.core.upstreams.upstream.Upstream.send`. On a hit nothing else happens; the rest is
:mod:`gateway.core.caching.fetch`.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from gateway.core.caching.asked import Asked
from gateway.core.caching.fetch import Fetch
from gateway.core.caching.shortcut import Shortcut
from gateway.core.caching.stored import NAME, Stored
from gateway.core.pipeline import limit_source
from gateway.core.reply import NOT_CACHED

if TYPE_CHECKING:
    from gateway.core.caching.shared_cache import SharedCache
    from gateway.core.caching.shelf import Owner, Question
    from gateway.core.exchange import Exchange
    from gateway.core.reply import Reply
    from gateway.core.upstreams.upstream import Upstream


QUICK: Final = (limit_source,)
"""The steps of a route that a ``Shortcut`` can take: these, and no
others."""


MOST_QUERY: Final = 2_048
"""Bytes of a query; a longer one is hardly asked twice."""


class KeptRoute:
    """Args:
    cache: of the worker.
    owner: this route, as what is kept is labelled.
    upstream: who is asked for what is not there.
    """

    __slots__ = (
        "_cache", "_quick", "_upstream", "authorized", "holder", "items", "most", "owner", "seen",
    )  # fmt: skip

    def __init__(self, cache: SharedCache, owner: Owner, upstream: Upstream) -> None:
        self._cache = cache
        self.items = cache.shelf.items
        self.seen = cache.seen
        self._upstream = upstream
        self.holder = cache.holder(owner.upstream)
        self.owner = owner
        self.authorized = owner.access != "open"
        # a scoped route that an emergency opens is scoped again when that ends, by the clock
        self._quick = not self.authorized
        self.most = cache.most_bytes_each

    def send(self, exchange: Exchange) -> None:
        """Answer ``exchange`` with what is kept, or have it asked for."""
        asked = self._cache.asked(exchange.fields.forward)
        question = exchange.question()
        resource = self.items.get(question)
        stored = None
        if resource is not None:
            stored = resource.variants.get(asked.selected(resource.vary) if resource.vary else ())
        now = exchange.began
        if (
            stored is not None
            and asked.simple
            and exchange.body is None
            and now < stored.fresh_until
            and stored.since >= self.holder.changed
        ):
            self.items.move_to_end(question)
            exchange.stats.cached("hit")
            stored.serve(exchange, now)
            if (
                self._quick
                and exchange.route.steps == QUICK
                and not (exchange.is_head or exchange.http10)
            ):
                exchange.line.kept = Shortcut(self, exchange, question)
        else:
            missing = b"miss" if resource is None else b"vary-miss"
            self._decide(exchange, asked, question, stored, missing)

    def _decide(
        self, exchange: Exchange, asked: Asked, question: Question, stored: Stored | None,
        missing: bytes,
    ) -> None:  # fmt: skip
        """All but the plain hit: RFC 9111 §4."""
        now = monotonic()
        valid = stored is not None and stored.since >= self.holder.changed
        if asked.bypass or exchange.body is not None or len(question[2]) > MOST_QUERY:
            self.pass_on(exchange, b"bypass")
        elif stored is not None and valid and asked.accepts(stored, now):
            self.items.move_to_end(question)
            exchange.stats.cached("hit")
            stored.serve_on_terms(exchange, asked, now)
        elif stored is not None and not asked.strict and _usable_meanwhile(stored, now, valid):
            self._serve_stale(exchange, asked, question, stored, now)
        elif asked.only_cached:
            exchange.refuse(NOT_CACHED)
        elif asked.no_store or self._cache.is_passing(question, now):
            self.pass_on(exchange, b"request" if asked.no_store else missing)
        else:
            why = missing
            if stored is not None:
                why = b"request" if valid and now < stored.fresh_until else b"stale"
            self._fetch(exchange, asked, question, stored, why)

    def pass_on(self, exchange: Exchange, why: bytes) -> None:
        """Past the cache, as on any other route."""
        refusal = exchange.take_place()
        if refusal is not None:
            exchange.refuse(refusal)
            return
        exchange.stats.cached("passed")
        exchange.add_field(b"cache-status: %b; fwd=%b" % (NAME, why))
        self._upstream.send(exchange)

    def _serve_stale(
        self, exchange: Exchange, asked: Asked, question: Question, stored: Stored, now: float
    ) -> None:
        """``stale-while-revalidate``: at once, and ask in the background unless somebody does."""
        exchange.stats.cached("stale")
        stored.serve_on_terms(exchange, asked, now)
        if now >= stored.retry_at and self._under_way(question, asked) is None:
            self._start(Fetch(self, exchange, question, asked, stored, b"stale"))

    def _fetch(
        self, exchange: Exchange, asked: Asked, question: Question, stored: Stored | None,
        why: bytes,
    ) -> None:  # fmt: skip
        under_way = self._under_way(question, asked)
        if under_way is None:
            refusal = exchange.take_place()
            if refusal is not None:
                self._do_without(exchange, asked, stored, refusal)
                return
            exchange.stats.cached("miss" if stored is None else "revalidated")
            fetch = Fetch(self, exchange, question, asked, stored, why)
            fetch.waiting.append((exchange, asked))
            self._start(fetch)
        elif len(under_way.waiting) < self._cache.most_waiting:
            under_way.waiting.append((exchange, asked))
        else:
            self.pass_on(exchange, why)

    def _do_without(
        self, exchange: Exchange, asked: Asked, stored: Stored | None, refusal: Reply
    ) -> None:
        """The server has no room for it: that is an error too, which something stale helps over."""
        now = monotonic()
        if stored is None or now >= stored.error_until:
            exchange.refuse(refusal)
            return
        exchange.stats.cached("stale")
        stored.serve_on_terms(exchange, asked, now, b"fwd=stale; detail=stale-if-error")

    def _under_way(self, question: Question, asked: Asked) -> Fetch | None:
        """Who asks the same at the moment, unless the API has been changed since."""
        found = self._cache.fetching(question, asked)
        return found if found is not None and found.began >= self.holder.changed else None

    def _start(self, fetch: Fetch) -> None:
        self._cache.begin(fetch)
        self._upstream.send(fetch)

    # What fetches report

    def keep(self, question: Question, asked: Asked, stored: Stored) -> None:
        self._cache.shelf.put(question, self.owner, asked, stored)

    def forget(self, question: Question) -> None:
        self._cache.shelf.drop(question)

    def refuse_to_keep(self, question: Question) -> None:
        """Its answers are not to be kept: for a while nobody waits for another's."""
        self.forget(question)
        self._cache.let_pass(question)

    def ended(self, fetch: Fetch) -> None:
        self._cache.end(fetch)


def _usable_meanwhile(stored: Stored, now: float, valid: bool) -> bool:
    """Whether ``stored`` may be used while it is asked for; also while asking keeps failing."""
    if stored.retry_at > 0:
        return now < stored.error_until
    return valid and now < stored.stale_until
