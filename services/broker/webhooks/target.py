"""What is sent to a webhook, decided each time it is sent: its URL, secrets and rights of then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from sqlalchemy import select

from schemas.kit.outgoing.model import Request
from schemas.kit.outgoing.signing import Seal, signed_headers
from schemas.kit.store import Store
from services.broker.delivery.model import Drop, Hold, Prepare, Waiting
from services.broker.webhooks.tables import webhooks
from services.broker.webhooks.webhook import Webhook, as_webhook, id_of, may_receive


class Targets:
    """The preparer of webhooks.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, store: Store, seal: Callable[[], Seal], clock: Callable[[], float]) -> None:
        self._store, self._seal, self._clock = store, seal, clock

    async def __call__(self, endpoints: Sequence[str]) -> Mapping[str, Prepare]:
        ids = [id_of(name) for name in endpoints]
        async with self._store.read() as connection:
            rows = await connection.execute(select(webhooks).where(webhooks.c.id.in_(ids)))
            found = [as_webhook(row) for row in rows]
        return {webhook.endpoint: self._prepare(webhook) for webhook in found}

    def _prepare(self, webhook: Webhook) -> Prepare:
        def prepare(waiting: Waiting) -> Request | Drop | Hold:
            if webhook.state != "active":
                return Hold()
            about = waiting.delivery.about
            if not may_receive(webhook.owner, about["type"], about["class"]):
                return Drop("not for this client any more")
            delivery = waiting.delivery
            return self.request(webhook, delivery.message, delivery.body, delivery.headers)

        return prepare

    def request(
        self, webhook: Webhook, message: str, body: bytes, headers: Mapping[str, str]
    ) -> Request:
        """A signed request to a webhook.

        Raises:
            ValueError: its secret cannot be opened.
        """
        now = self._clock()
        signed = signed_headers(self._secrets(webhook, now), message, int(now), body)
        return Request(webhook.url, body, {**headers, **signed})

    def _secrets(self, webhook: Webhook, now: float) -> list[str]:
        found = [self._seal().open(webhook.secret, webhook.id)]
        if webhook.previous is not None and webhook.previous_until > now:
            with suppress(ValueError):  # lost with the key: the one that replaced it signs alone
                found.append(self._seal().open(webhook.previous, webhook.id))
        return found
