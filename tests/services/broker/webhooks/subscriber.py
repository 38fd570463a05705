"""A webhook's receiver with nothing of ours: it checks signatures by the words of the standard."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.services.broker.delivery.receiver import Received, Receiver, Reply, receiving
from tests.services.broker.running import until

HOOKS = "/events/v1/webhooks"


def is_signed(got: Received, secret: str) -> bool:
    """Standard Webhooks: any of the signatures is that of id, timestamp and body."""
    key = base64.b64decode(secret.split("_", 1)[1])
    content = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [one.split(",", 1) for one in got.headers["webhook-signature"].split(" ")]
    return ["v1", wanted] in given


@dataclass
class Subscriber:
    """Takes events, once it has the secret.

    Attributes:
        refuse: decides the status for an event; 200 without it.
        messages: what it took, in order: message id and event.
    """

    receiver: Receiver
    secret: str = ""
    refuse: Callable[[dict[str, Any]], int] = lambda _: 200
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tries: list[tuple[str, int]] = field(default_factory=list)

    def answer(self, got: Received) -> Reply:
        if got.method == "OPTIONS":
            return Reply(200, {"webhook-allowed-origin": got.headers["webhook-request-origin"]})
        if not is_signed(got, self.secret):
            return Reply(401)
        if abs(time.time() - int(got.headers["webhook-timestamp"])) > 300:
            return Reply(401)
        said = json.loads(got.body)
        if said.get("type") == "webhook.verification":
            return Reply(200, body=json.dumps({"challenge": said["data"]["challenge"]}).encode())
        status = self.refuse(said)
        self.tries.append((got.headers["webhook-id"], status))
        if status == 200:
            self.messages.append((got.headers["webhook-id"], said))
        return Reply(status)

    @property
    def numbers(self) -> list[int]:
        return [event["data"]["number"] for _, event in self.messages]

    async def until(self, count: int) -> list[int]:
        await until(lambda: len(self.messages) >= count)
        return self.numbers

    async def until_types(self, types: set[str]) -> None:
        await until(lambda: {event["type"] for _, event in self.messages} >= types)

    async def subscribe(self, api: httpx.AsyncClient, **wanted: Any) -> str:
        """A webhook for this receiver, verified; its path."""
        made = await api.post(HOOKS, json={"url": self.receiver.url, **wanted})
        assert made.status_code == 201, made.text
        self.secret = made.json()["secret"]
        path = made.headers["location"]
        verified = await api.post(f"{path}/verify")
        assert verified.status_code == 200, verified.text
        assert verified.json()["state"] == "active"
        return str(path)


@asynccontextmanager
async def subscribing() -> AsyncIterator[Subscriber]:
    async with receiving() as receiver:
        subscriber = Subscriber(receiver)
        receiver.reply = subscriber.answer
        yield subscriber
