"""Pulls alert events from the broker through the open API, like any other consumer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
from pydantic import ValidationError

from schemas.cloudevents import CloudEvent
from schemas.kit.client import CityClient
from services.evacuation.reading import Unreadable

logger = logging.getLogger(__name__)

GROUP: Final = "/events/v1/groups/evacuation"
TYPES: Final = ("city.disaster.alert.*",)
_BATCH: Final = 20
_WAIT: Final = 20
_MOST_PAUSE: Final = 1.0  # seconds: an alert must not wait for longer

Handler = Callable[[CloudEvent], Awaitable[None]]


class Consumer:
    """At least once: a batch is committed after the last effect of it is stored.

    Args:
        consumer: this process's name, the same after a restart: its own unfinished batch is handed
            out to it again at once, to others only when the lease has run out.
        handle: raises :class:`~services.evacuation.reading.Unreadable` for what can never be
            handled, which goes to the dead letters with its reason; anything else that it raises
            is tried again.
    """

    def __init__(self, client: CityClient, consumer: str, handle: Handler) -> None:
        self._client, self._consumer, self._handle = client, consumer, handle
        self.failures = 0
        """Since the last success."""
        self.is_following = False
        """Whether the broker has answered since the last failure."""

    async def run(self) -> None:
        """Pull for ever."""
        while True:
            try:
                # not waiting the first time tells at once whether the way is open
                await self.pull(_WAIT if self.is_following else 0)
            except Exception as error:
                # the broker, the gateway or the store is away: what is not committed comes again
                self.is_following = False
                self.failures += 1
                if self.failures == 1:
                    logger.warning("cannot follow the alerts, will keep trying: %r", error)
                await asyncio.sleep(min(0.1 * 2 ** min(self.failures, 8), _MOST_PAUSE))
                continue
            if self.failures:
                logger.info("following the alerts again after %d failures", self.failures)
            self.failures, self.is_following = 0, True

    async def pull(self, wait: int = _WAIT) -> int:
        """Wait for a batch for so many seconds, handle it, commit it; returns its length."""
        asked = {
            "types": list(TYPES),
            "limit": _BATCH,
            "waitSeconds": wait,
            "consumer": self._consumer,
        }
        batch = await self._post("fetch", asked)
        for item in batch["events"]:
            await self._one(item, batch["cursor"])
        if batch["events"]:
            await self._post("commit", {"cursor": batch["cursor"]})
        return len(batch["events"])

    async def _one(self, item: dict[str, Any], cursor: str) -> None:
        try:
            await self._handle(CloudEvent.model_validate(item))
        except (Unreadable, ValidationError) as error:
            reason = f"{type(error).__name__}: {error}"[:1000]
            logger.warning("alert event %s is refused: %s", item.get("id"), reason)
            await self._post(
                "reject", {"cursor": cursor, "id": str(item.get("id")), "reason": reason}
            )

    async def _post(self, what: str, body: dict[str, Any]) -> Any:
        answer = await self._client.request(
            "POST", f"{GROUP}/{what}", json=body, timeout=httpx.Timeout(10.0, read=_WAIT + 10.0)
        )
        return answer.json() if answer.content else {}
