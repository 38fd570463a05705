"""From an event on the log to the message that a webhook gets."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from typing import Final

from schemas.cloudevents import MEDIA_TYPE
from services.broker.consent.gate import Gate, own_id, seen
from services.broker.delivery.loops import CITY_VIA, onward
from services.broker.delivery.model import Delivery
from services.broker.events.binding import CLIENT, as_delivery
from services.broker.events.binding import Delivery as Event
from services.broker.events.visibility import may_see
from services.broker.log import Position, Stored
from services.broker.webhooks.webhook import Webhook

CONSENT: Final = "consent"
"""Member of what a delivery is about: the consent by which it is for its receiver."""

KEPT_SECONDS: Final = 3 * 86_400
"""For how long a finished delivery is listed, and can be asked for again."""

HEADERS: Final = {"content-type": f"{MEDIA_TYPE}; charset=utf-8", "user-agent": "supercity-webhook"}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event on its way out, the same for all webhooks that want it, save those of residents.

    Attributes:
        message: what receivers know it by: the same in every try, on every replay, and for an
            event that is on the log twice because its publisher's broker died.
        about: what is needed to send it, and to find it again; nothing of what it says.
    """

    message: str
    event: Event
    key: str
    about: dict[str, str]

    @property
    def type(self) -> str:
        return self.event.type

    def to(self, webhook: Webhook, gate: Gate) -> Delivery | None:
        """The delivery; None when the event is not for this webhook."""
        if not webhook.wants(self.type):
            return None
        owner = webhook.owner
        if owner.standing.grant and self.event.legal_class:
            return self._by_consent(webhook, gate)
        if not may_see(owner.caller, self.type, self.event.legal_class):
            return None
        return self._delivery(webhook, self.message, self.event, self.about)

    def _by_consent(self, webhook: Webhook, gate: Gate) -> Delivery | None:
        held = gate.consent(webhook.owner.standing, self.event)
        if held is None:
            return None
        about = {**self.about, CONSENT: held.consent}
        message = f"msg_{own_id(held.known_as, self.message)}"
        return self._delivery(webhook, message, seen(self.event, held), about)

    def _delivery(
        self, webhook: Webhook, message: str, event: Event, about: dict[str, str]
    ) -> Delivery:
        return Delivery(
            endpoint=webhook.endpoint,
            url="",  # as it is when it is sent
            body=event.json,
            headers=HEADERS,
            message=message,
            key=self.key if webhook.ordered else "",
            keep=KEPT_SECONDS,
            about=about,
        )


def type_of(stored: Stored) -> str:
    """The type of the event in a record; empty where there is none."""
    return next((value for name, value in stored.record.headers if name == "ce_type"), "")


def outgoing(stored: Stored, broker: str) -> Outgoing | None:
    """The message for an event.

    None when the record holds none, or one that is replayed for a single consumer group, or one
    that has passed too many brokers.
    """
    record = stored.record
    attributes = {name[3:]: value for name, value in record.headers if name.startswith("ce_")}
    via = onward(attributes, broker)
    if via is None:
        return None
    others = tuple(pair for pair in record.headers if pair[0] != f"ce_{CITY_VIA}")
    marked = replace(record, headers=(*others, (f"ce_{CITY_VIA}", via)))
    event = as_delivery(Stored(marked, stored.slot, stored.offset), Position())
    if event is None or event.replay_for:
        return None
    return Outgoing(
        message=_message(attributes.get(CLIENT, ""), event.source, event.id),
        event=event,
        key=record.key,
        about={
            "type": event.type,
            "class": event.legal_class,
            "topic": record.topic,
            "slot": stored.slot,
            "offset": str(stored.offset),
        },
    )


def _message(client: str, source: str, id_: str) -> str:
    """An id without a dot, which the signature's parts are separated by."""
    digest = hashlib.sha256("\0".join((client, source, id_)).encode()).digest()
    return f"msg_{urlsafe_b64encode(digest[:18]).decode()}"
