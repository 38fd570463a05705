"""What of an event about a person may be handed to somebody now.

Asked for each event, at each delivery: on a stream, for a group's batch, when a webhook's message
is written and again when it is sent.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import orjson

from schemas.kit.caller import Caller
from schemas.problem import Forbidden, Unavailable
from services.broker.consent.ended import Ended
from services.broker.consent.standing import Held, Standing
from services.broker.events.binding import Delivery
from services.broker.events.visibility import dataset_of, fields_of, may_see

_AGAIN: Final = "5"


class Gate:
    """Decides, and projects what it lets through."""

    def __init__(self, ended: Ended) -> None:
        self.ended = ended

    def admit(self, standing: Standing) -> None:
        """Refuse what has ended, and what could not be ended in time.

        Raises:
            Forbidden: the grant, one of its consents, or all that the client had, was revoked.
            Unavailable: the control plane is silent.
        """
        if self.ended.is_cut(standing):
            raise Forbidden(
                "What you receive under was ended a moment ago.", slug="consent-missing"
            )
        if standing.grant and self.ended.is_silent:
            raise Unavailable(
                "Which consents still hold is not known at the moment; nothing is lost meanwhile.",
                headers={"retry-after": _AGAIN},
            )

    def handed(
        self,
        caller: Caller,
        standing: Standing,
        delivery: Delivery,
        *,
        group: str = "",
    ) -> Delivery | None:
        """The event as it may be handed to somebody, or None.

        Args:
            caller: whose client and scopes count.
            group: that it would be handed to, as it is called on the log; empty for none.
        """
        if delivery.replay_for not in ("", group) or self.ended.is_cut(standing):
            return None
        if not delivery.legal_class:
            return delivery
        if not standing.grant:
            return delivery if may_see(caller, delivery.type, delivery.legal_class) else None
        held = self.consent(standing, delivery)
        return seen(delivery, held) if held else None

    def consent(self, standing: Standing, delivery: Delivery) -> Held | None:
        """The consent by which an event about a person is for the holder of a standing."""
        dataset = dataset_of(delivery.type)
        if not dataset or self.ended.is_over(standing):
            return None
        for held in standing.consents:
            about = held.dataset == dataset and _same(held.subject, delivery.subject)
            if about and self.ended.is_good(held):
                return held
        return None

    def still(self, standing: Standing, consent: str) -> bool:
        """Whether what was written under a consent may be sent now."""
        if self.ended.is_over(standing) or self.ended.is_suspended(standing.client):
            return False
        good = (held for held in standing.consents if held.consent == consent)
        return any(map(self.ended.is_good, good))


def seen(delivery: Delivery, held: Held) -> Delivery:
    """The event as the client of a consent sees it.

    The resident is named as the client knows them, and the event has an id of the client's own: two
    clients that lay their events side by side find no name in common. Of the data, members stay
    that a field of the consent names.
    """
    event: dict[str, Any] = orjson.loads(delivery.json)
    event["subject"] = held.known_as
    event["id"] = own_id(held.known_as, delivery.source, delivery.id)
    event["data"] = projected(event["data"], delivery.type, held.fields)
    return replace(delivery, id=event["id"], subject=held.known_as, json=orjson.dumps(event))


def own_id(known_as: str, *parts: str) -> str:
    """An identifier that means the same thing each time, to one client about one resident only."""
    digest = sha256("\0".join((known_as, *parts)).encode()).digest()
    return urlsafe_b64encode(digest[:18]).decode()


def projected(data: Any, type_: str, fields: Collection[str]) -> Any:
    """The members of ``data`` that some of the fields name; all when ``fields`` is empty."""
    if not fields or not isinstance(data, dict):
        return data if not fields else {}
    members = fields_of(type_)
    kept = {member for field in fields for member in members.get(field, ())}
    return {name: value for name, value in data.items() if name in kept}


def _same(one: str, other: str) -> bool:
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())
