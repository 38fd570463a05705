from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import insert

from gateway.control import tables
from gateway.control.consent import records as consents
from gateway.control.consent.records import Given
from gateway.control.consent.withdraw import withdraw
from gateway.control.oauth import records
from gateway.control.oauth.records import Grant
from gateway.control.told.teller import Teller
from schemas.kit.outgoing.addresses import networks
from schemas.kit.outgoing.guard import Guard
from schemas.kit.outgoing.sender import Sender
from tests.gateway.control.city import City, running
from tests.services.broker.delivery.receiver import Received, Receiver, Reply, receiving
from tests.services.broker.webhooks.subscriber import is_signed

OPERATOR = {"x-city-client": "operator"}
CLIENTS = "/control/v1/clients"


@dataclass
class Told:
    """A city, a client's receiver, and what was told there."""

    city: City
    receiver: Receiver
    secret: str = ""
    status: int = 200
    messages: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, got: Received) -> Reply:
        assert is_signed(got, self.secret)
        if self.status == 200:
            self.messages.append(orjson.loads(got.body))
        return Reply(self.status)

    async def register(self, client: str = "app") -> None:
        answer = await self.city.http.put(
            f"{CLIENTS}/{client}/consent-notices", json={"uri": self.receiver.url}, headers=OPERATOR
        )
        assert answer.status_code == 200, answer.text
        self.secret = answer.json()["secret"]

    async def give(
        self, *datasets: str, until: int = 0, resident: str = "r-1"
    ) -> tuple[Grant, list[Given]]:
        """A grant of a resident to the app, with a consent for each data set."""
        control = self.city.control
        now = control.now()
        grant = Grant(uuid.uuid4().hex, "app", resident, "medical:read", now, now + 86_400)
        given = [
            Given(
                consent_id=uuid.uuid4().hex,
                gid=grant.gid,
                client_id="app",
                organisation="app",
                resident_id=resident,
                dataset=dataset,
                domain="medical",
                fields=(),
                purpose="care",
                created=now,
                until=until or now + 86_400,
            )
            for dataset in datasets
        ]
        async with control.store.write() as connection:
            await connection.execute(insert(tables.grants).values(**records.row(grant)))
            await consents.add(connection, given)
        return grant, given

    async def withdraw(self, grant: Grant, consent: str = "") -> None:
        control = self.city.control
        async with control.change() as connection:
            await withdraw(
                control,
                connection,
                grant.gid,
                actor="resident",
                action="consent.withdraw",
                consent_id=consent,
            )

    def teller(self) -> Teller:
        """Another one than the city's own, in the test's hands."""
        return Teller(self.city.control, Sender(Guard(networks("127.0.0.0/8"))))

    async def listed(self, **query: str) -> list[dict[str, Any]]:
        answer = await self.city.http.get(
            "/control/v1/consent-notices", params=query, headers=OPERATOR
        )
        found: list[dict[str, Any]] = answer.json()
        return found


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    async with running(tmp_path, deliver_to="127.0.0.0/8") as city, receiving() as receiver:
        found = Told(city, receiver)
        receiver.reply = found.answer
        yield found
