"""A broker and those who are told, shared by the tests of one module."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import orjson
from fastapi import FastAPI

from services.broker.app import create_broker
from tests.services.broker.delivery.receiver import Received, Receiver, Reply
from tests.services.broker.running import DEADLINE, OPEN, until

SUBSCRIPTIONS = "/ngsi-ld/v1/subscriptions"
ENTITIES = "/ngsi-ld/v1/entities"
BATCH = "/ngsi-ld/v1/entityOperations"


@asynccontextmanager
async def broker(store_url: str, log_url: str) -> AsyncIterator[FastAPI]:
    """A broker in this process that may call this machine."""
    app = create_broker(
        store_url=store_url, log_url=log_url, deliver_to="any", public_url="http://broker"
    )
    async with app.router.lifespan_context(app):
        yield app


def client(app: FastAPI, name: str = "tests", scope: str = OPEN) -> httpx.AsyncClient:
    headers = {"x-city-client": name, "x-city-scope": scope}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://broker", headers=headers)


@dataclass
class Party:
    """One test's own part of the broker and of the receiver: entities of a type nobody else has.

    Attributes:
        path: where its notifications arrive.
    """

    api: httpx.AsyncClient
    receiver: Receiver
    kind: str = field(default_factory=lambda: f"T{uuid4().hex[:12]}")

    @property
    def path(self) -> str:
        return f"/{self.kind}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.receiver.port}{self.path}"

    def id(self, number: object = 1) -> str:
        return f"urn:ngsi-ld:{self.kind}:{number}"

    def entity(self, number: object = 1, /, **attributes: Any) -> dict[str, Any]:
        return {"id": self.id(number), "type": self.kind, **attributes}

    def subscription(self, **members: Any) -> dict[str, Any]:
        """All entities of the test's type, told to the test's path."""
        notification = {"endpoint": {"uri": self.url}, **members.pop("notification", {})}
        return {
            "type": "Subscription",
            "entities": [{"type": self.kind}],
            **members,
            "notification": notification,
        }

    async def subscribe(self, **members: Any) -> str:
        """The path of a new subscription."""
        answer = await self.api.post(SUBSCRIPTIONS, json=self.subscription(**members))
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    async def upsert(self, *entities: dict[str, Any], replace: bool = False) -> None:
        options = "" if replace else "?options=update"
        answer = await self.api.post(f"{BATCH}/upsert{options}", json=list(entities))
        assert answer.status_code in (201, 204), answer.text

    async def delete(self, number: object = 1, attribute: str = "") -> None:
        tail = f"/attrs/{attribute}" if attribute else ""
        answer = await self.api.delete(f"{ENTITIES}/{self.id(number)}{tail}")
        assert answer.status_code == 204, answer.text

    @property
    def received(self) -> list[Received]:
        return [one for one in self.receiver.received if one.path == self.path]

    async def requests(self, count: int = 1) -> list[Received]:
        """The first ``count`` that arrive, and what arrived with them."""
        await until(lambda: len(self.received) >= count)
        return self.received

    async def told(self, count: int = 1) -> list[dict[str, Any]]:
        """The notifications that have arrived, when there are ``count``."""
        return [orjson.loads(one.body) for one in await self.requests(count)]

    async def data(self, count: int = 1) -> list[Any]:
        """The entities of all notifications, in order."""
        return [entity for one in await self.told(count) for entity in one["data"]]

    async def values(self, name: str, count: int = 1) -> list[Any]:
        """What the notified entities say of an attribute, simplified."""
        found = [entity.get(name) for entity in await self.data(count)]
        return [v.get("value", v) if isinstance(v, dict) else v for v in found]

    def answer(self, *statuses: int) -> None:
        """Answer the test's notifications so, one after the other, and then with 200."""
        left = iter(statuses)

        def reply(one: Received) -> Reply:
            return Reply(status=next(left, 200) if one.path == self.path else 200)

        self.receiver.reply = reply

    async def doing(self, location: str, **wanted: object) -> dict[str, Any]:
        """The subscription's notification member, once it says what is wanted."""
        found: dict[str, Any] = {}

        async def check() -> bool:
            found.update((await self.get(location))["notification"])
            return all(found.get(name) == value for name, value in wanted.items())

        await eventually(check)
        return found

    async def get(self, location: str, **params: str) -> dict[str, Any]:
        answer = await self.api.get(location, params=params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what nobody announces."""
    async with asyncio.timeout(DEADLINE):
        while not await check():
            await asyncio.sleep(0.01)


def prop(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **more}


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and error type of a refusal."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]
