"""From a call to the standing under which its caller receives."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from schemas.consent import Consent
from schemas.kit.caller import Caller
from schemas.problem import Forbidden, Unavailable
from schemas.revocations import Subject
from services.broker.consent.control import Control, Gone
from services.broker.consent.gate import Gate
from services.broker.consent.standing import Held, Standing
from services.broker.events.visibility import personal_datasets

_MOST_KNOWN: Final = 10_000
_KNOWN_SECONDS: Final = 600.0

_Key = tuple[str, str, str]


class Receivers:
    """Makes standings; asks the control plane who a resident is in the sector of a domain.

    What was asked is known for ten minutes: each question is an entry in the audit log.

    Args:
        control: None where there is none, and so no consents.
        clock: seconds since the epoch.
    """

    def __init__(
        self, control: Control | None, gate: Gate, clock: Callable[[], float] = time.time
    ) -> None:
        self._control, self._gate, self._clock = control, gate, clock
        self._known: OrderedDict[_Key, tuple[float, Subject]] = OrderedDict()

    async def standing(self, caller: Caller) -> Standing:
        """Under what a caller receives.

        Raises:
            Forbidden: the token has consents for several purposes, and ``City-Purpose`` names none.
            Unavailable: the control plane does not answer, or has been silent for long.
        """
        since = int(self._clock())
        if not caller.grant:
            return Standing(caller.client, since=since)
        bare = Standing(caller.client, caller.grant, since)
        if self._control is None:
            return bare
        self._gate.admit(bare)
        held = [await self._held(self._control, caller, one) for one in _chosen(caller)]
        return Standing(
            caller.client, caller.grant, since, tuple(one for one in held if one is not None)
        )

    async def _held(self, control: Control, caller: Caller, consent: Consent) -> Held | None:
        domain = personal_datasets()[consent["dataset"]]
        try:
            found = await self._subject(control, (caller.grant, consent["consent_id"], domain))
        except Gone:
            return None
        except OSError as error:
            raise Unavailable(
                "Whom the consents are about cannot be asked at the moment.",
                headers={"retry-after": "5"},
            ) from error
        return Held(
            consent=consent["consent_id"],
            dataset=consent["dataset"],
            fields=tuple(consent.get("fields", ())),
            until=int(consent.get("until", 0)),
            subject=found["subject"],
            known_as=found["known_as"],
        )

    async def _subject(self, control: Control, key: _Key) -> Subject:
        known = self._known.get(key)
        now = self._clock()
        if known is None or known[0] < now:
            known = now + _KNOWN_SECONDS, await control.subject(*key)
            self._known[key] = known
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return known[1]


def _chosen(caller: Caller) -> Iterator[Consent]:
    """The consents for what events are about, one for each data set."""
    about = [one for one in caller.consents if one["dataset"] in personal_datasets()]
    meant = [one for one in about if caller.purpose in ("", one.get("purpose"))]
    for dataset in sorted({one["dataset"] for one in meant}):
        found = [one for one in meant if one["dataset"] == dataset]
        if len({one.get("purpose") for one in found}) > 1:
            raise _unclear(about)
        yield found[0]
    if about and not meant:
        raise _unclear(about)


def _unclear(consents: Iterable[Consent]) -> Forbidden:
    purposes = ", ".join(sorted({one.get("purpose", "") for one in consents}))
    return Forbidden(
        "Say in City-Purpose for which purpose you receive; the token has consents for"
        f" {purposes}.",
        slug="purpose-needed",
    )
