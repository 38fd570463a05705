"""A control plane in hand: consents given, ended, and silence, at the test's word."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import orjson

from schemas.consent import TYPE, Consent
from schemas.revocations import Asked, Ends, Subject
from services.broker.consent.control import Gone

UNTIL = 4_000_000_000


class FakeControl:
    """Answers as the control plane would; knows residents by name."""

    def __init__(self) -> None:
        self.residents: dict[str, str] = {}  # by grant
        self.ends_now = Ends(grants={}, consents={}, clients={}, suspended=[])
        self.away = False
        self.asked: list[tuple[str, str, str]] = []
        self._number = 0
        self._news = asyncio.Condition()

    def give(self, resident: str, grant: str) -> None:
        self.residents[grant] = resident

    async def end(
        self, *, grants: Iterable[str] = (), consents: Iterable[str] = (), **more: object
    ) -> None:
        """Say that something has ended."""
        self.ends_now = Ends(
            grants={**self.ends_now["grants"], **dict.fromkeys(grants, UNTIL)},
            consents={**self.ends_now["consents"], **dict.fromkeys(consents, UNTIL)},
            clients={**self.ends_now["clients"], **more.get("clients", {})},  # type: ignore[dict-item]
            suspended=list(more.get("suspended", self.ends_now["suspended"])),  # type: ignore[call-overload]
        )
        await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._number += 1
            self._news.notify_all()

    async def fail(self) -> None:
        self.away = True
        await self._tell()

    async def ends(self, etag: str) -> tuple[Ends | None, str]:
        self._check()
        async with self._news:
            await self._news.wait_for(lambda: etag != str(self._number))
        self._check()
        return self.ends_now, str(self._number)

    async def dead(self, grants: Iterable[str], consents: Iterable[str]) -> Asked:
        self._check()
        ended = self.ends_now
        gone = [one for one in grants if one not in self.residents or one in ended["grants"]]
        return Asked(grants=gone, consents=[c for c in consents if c in ended["consents"]])

    async def subject(self, grant: str, consent: str, domain: str) -> Subject:
        self._check()
        self.asked.append((grant, consent, domain))
        if grant not in self.residents or consent in self.ends_now["consents"]:
            raise Gone
        resident = self.residents[grant]
        return Subject(subject=f"{resident}-in-{domain}", known_as=f"{resident}-to-client")

    async def close(self) -> None: ...

    def _check(self) -> None:
        if self.away:
            raise ConnectionError("no control plane")


def consent(name: str, dataset: str = "sightings", purpose: str = "care", *fields: str) -> Consent:
    found = Consent(type=TYPE, dataset=dataset, purpose=purpose, until=UNTIL, consent_id=name)
    if fields:
        found["fields"] = list(fields)
    return found


def presented(grant: str, *consents: Consent, client: str = "app") -> dict[str, str]:
    """The fields by which the gateway presents a resident's token."""
    return {
        "x-city-client": client,
        "x-city-scope": "events:read entities:read entities:personal",
        "x-city-subject": "pseudonym-in-broker",
        "x-city-grant": grant,
        "x-city-consents": orjson.dumps(consents).decode(),
    }
