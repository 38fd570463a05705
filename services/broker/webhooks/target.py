"""What is sent to a webhook, decided each time it is sent: its URL, secrets and rights of then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from sqlalchemy import select

from schemas.kit.outgoing.model import Request
from schemas.kit.outgoing.signing import Seal, signed_headers
from schemas.kit.store import Store
from services.broker.consent.gate import Gate
from services.broker.delivery.model import Drop, Hold, Prepare, Waiting
from services.broker.events.visibility import may_see
from services.broker.webhooks.messages import CONSENT
from services.broker.webhooks.tables import webhooks
from services.broker.webhooks.webhook import Webhook, as_webhook, id_of


class Targets:
    """The preparer of webhooks.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        seal: Callable[[], Seal],
        gate: Gate,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._seal, self._gate, self._clock = store, seal, gate, clock

    async def __call__(self, endpoints: Sequence[str]) -> Mapping[str, Prepare]:
        ids = [id_of(name) for name in endpoints]
        async with self._store.read() as connection:
            rows = await connection.execute(select(webhooks).where(webhooks.c.id.in_(ids)))
            found = [as_webhook(row) for row in rows]
        return {webhook.endpoint: self._prepare(webhook) for webhook in found}

    def _prepare(self, webhook: Webhook) -> Prepare:
        def prepare(waiting: Waiting) -> Request | Drop | Hold:
            delivery = waiting.delivery
            if webhook.state != "active" or self._waits(webhook):
                return Hold()
            if not self._may(webhook, delivery.about):
                return Drop("not for this client any more")
            return self.request(webhook, delivery.message, delivery.body, delivery.headers)

        return prepare

    def _waits(self, webhook: Webhook) -> bool:
        """Whether its owner gets nothing now and may get it later."""
        standing, ended = webhook.owner.standing, self._gate.ended
        if standing.grant:
            return ended.is_silent
        return ended.is_suspended(standing.client)

    def _may(self, webhook: Webhook, about: Mapping[str, str]) -> bool:
        standing = webhook.owner.standing
        if consent := about.get(CONSENT):
            return self._gate.still(standing, consent)
        may = may_see(webhook.owner.caller, about["type"], about["class"])
        return may and not self._gate.ended.is_over(standing)

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
