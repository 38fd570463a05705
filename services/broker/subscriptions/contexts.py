"""The ``@context`` that notifications are written with (GS CIM 009 §5.8.6: jsonldContext)."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from services.broker.context.errors import NgsiProblem
from services.broker.context.jsonld import CORE, Context
from services.broker.context.ld.contexts import Contexts
from services.broker.subscriptions.model import Subscription

logger = logging.getLogger(__name__)

_MOST_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 30.0
_MOST_KEPT: Final = 1000


class NotificationContexts:
    """Finds each subscription's context; a server that is away must not hold up notifications.

    Then the context is used as it was last seen, or else the core context: names are longer with
    it, and mean the same.
    """

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._seen: dict[str, Context] = {}
        self._failed: dict[str, float] = {}  # until when it is not asked for again

    async def __call__(self, subscription: Subscription) -> Context:
        url = str(subscription.document.get("jsonldContext", CORE.url))
        if self._failed.get(url, 0.0) > time.monotonic():
            return self._seen.get(url, CORE)
        try:
            async with asyncio.timeout(_MOST_SECONDS):
                found = await self._contexts.resolve(url)
        except (NgsiProblem, TimeoutError) as error:
            logger.warning("the @context of %s cannot be had: %r", subscription.id, error)
            self._failed[url] = time.monotonic() + _AGAIN_SECONDS
            return self._seen.get(url, CORE)
        if len(self._seen) + len(self._failed) >= _MOST_KEPT:
            self._seen.clear()
            self._failed.clear()
        self._seen[url] = found
        return found
