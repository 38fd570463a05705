"""Under what somebody receives: a grant, and those of its consents that events can be about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson


@dataclass(frozen=True, slots=True)
class Held:
    """One consent, as it was when somebody subscribed under it.

    Attributes:
        fields: what of the data set it covers; empty for all.
        until: seconds since the epoch.
        subject: the resident's pseudonym in the sector of the data set's domain, by which events
            name them.
        known_as: the resident's pseudonym as the client knows it.
    """

    consent: str
    dataset: str
    fields: tuple[str, ...]
    until: int
    subject: str
    known_as: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Who receives, and under what.

    Attributes:
        grant: empty where no resident is behind.
        since: seconds since the epoch, rounded down; what was revoked then or later ends it.
    """

    client: str = ""
    grant: str = ""
    since: int = 0
    consents: tuple[Held, ...] = ()

    def dump(self) -> str:
        """As it is stored; empty where no resident is behind."""
        return orjson.dumps(asdict(self)).decode() if self.grant else ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How many things ended with what they were under, and how many messages they left unsent."""

    ended: int
    dropped: int


NOBODYS: Final = Standing()
"""Of who receives for no resident, in a place that does not say who."""


def load(text: str, client: str, since: float) -> Standing:
    """A standing as it was stored.

    Args:
        client, since: of what it is stored with, where no resident is behind.
    """
    if not text:
        return Standing(client, since=int(since))
    found: dict[str, Any] = orjson.loads(text)
    consents = tuple(Held(**{**one, "fields": tuple(one["fields"])}) for one in found["consents"])
    return Standing(found["client"], found["grant"], found["since"], consents)
