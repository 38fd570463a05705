"""A personal route needs a consent: of the token's resident, for its data set, for one purpose.

Deny by default: no consent in the token, none that still lives, or a route that names no data set,
is 403. Which of several purposes is meant, the client says with ``City-Purpose``; it need not where
there is only one. A consent for some fields limits the answer (``core/consent/limited.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from gateway.core.consent.dataset import Dataset
from gateway.core.consent.held import Held
from gateway.core.consent.limited import Limited
from gateway.core.reply import Refused, Reply, reply
from schemas.consent import TYPE

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange


class ConsentNeeded:
    """The step of one route.

    Args:
        endless: its answers are streams or tunnels, which cannot be limited to some fields.
    """

    __slots__ = ("_dataset", "_endless", "_missing", "_narrow", "_several")

    def __init__(self, dataset: Dataset, *, endless: bool) -> None:
        self._dataset = dataset
        self._endless = endless
        self._missing = _missing(dataset.id)
        self._several = _several(dataset.id)
        self._narrow = _narrow(dataset.id)

    def __call__(self, core: Core, exchange: Exchange) -> None:
        consents = exchange.grant.consents.get(self._dataset.id)
        if not consents:
            raise Refused(self._missing)
        consent, purpose, now = consents[0], exchange.fields.purpose, core.tokens.now()
        if len(consents) > 1 or consent.until <= now or (purpose and purpose != consent.purpose):
            consent = self._choose(consents, purpose, now)
        exchange.consent = consent.detail
        exchange.purpose = consent.purpose
        exchange.lasts_until = consent.until
        if consent.fields:
            if self._endless or not self._dataset.fields:
                raise Refused(self._narrow)
            exchange.limit_answer(Limited(consent.tree(self._dataset)))

    def _choose(self, consents: tuple[Held, ...], purpose: str, now: float) -> Held:
        """The one that is used; of several for the same purpose the one that lets most pass."""
        living = [
            one for one in consents if one.until > now and (not purpose or one.purpose == purpose)
        ]
        if not living:
            raise Refused(self._missing)
        if len(living) == 1:
            return living[0]
        if any(one.purpose != living[0].purpose for one in living):
            raise Refused(self._several)
        return min(living, key=_narrowness)


def _narrowness(consent: Held) -> tuple[bool, int]:
    return bool(consent.fields), -len(consent.fields)


def _missing(dataset: str) -> Reply:
    if not dataset:
        return reply(
            403, "consent-missing", "The resident has not consented to this",
            "This route is about a resident, and does not say which data set it gives. "
            "Nobody can consent to that: its operator must name the data set.",
        )  # fmt: skip
    asked = orjson.dumps([{"type": TYPE, "dataset": dataset, "purpose": "…"}]).decode()
    return reply(
        403, "consent-missing", "The resident has not consented to this",
        f"No consent in the access token covers the data set `{dataset}` (for the purpose in "
        "`City-Purpose`, if that was sent), or it has ended. Ask the resident: an authorization "
        f"request with `authorization_details={asked}` (RFC 9396).",
    )  # fmt: skip


def _several(dataset: str) -> Reply:
    return reply(
        403, "purpose-needed", "Several purposes are possible",
        f"The access token carries consents to `{dataset}` for several purposes. "
        "Say with `City-Purpose` which of them this request is for.",
    )  # fmt: skip


def _narrow(dataset: str) -> Reply:
    return reply(
        403, "consent-narrow", "The consent does not reach this far",
        f"The resident has consented to some fields of `{dataset}`, and the answers of this route "
        "cannot be limited to them. Use a route whose answers are JSON, or ask for all of it.",
    )  # fmt: skip
