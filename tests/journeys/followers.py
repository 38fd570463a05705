"""Who follows the city's events from outside: a webhook's receiver and a consumer group.

Written from CloudEvents 1.0 and Standard Webhooks, in the standard library alone. Each holds the
state that the events tell: a thing's name → its latest value.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.journeys.outsiders import DOCK_CHANGED, Api

TYPES = ["city.bikeshare.*", "city.disaster.alert.*", "city.logistics.shipment.*"]
_TOLERANCE = 300  # seconds that a signature may be old, as Standard Webhooks has it


class Follower:
    """What the events say, each counted once, whatever came how often.

    Attributes:
        state: a thing's name → its latest value.
        events: source and id of each event, in the order of arrival.
        repeated: messages that had come before.
    """

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.events: dict[tuple[str, str], str] = {}
        self.repeated = 0
        self._lock = threading.Lock()
        self._seen: set[str] = set()

    def take(self, message: str, event: dict[str, Any]) -> None:
        """Handle an event, unless its message has been handled."""
        with self._lock:
            if message in self._seen:
                self.repeated += 1
                return
            self._seen.add(message)
            check(event)
            self.events[event["source"], event["id"]] = event["type"]
            self.state.update(_tells(event))


def check(event: dict[str, Any]) -> None:
    """CloudEvents 1.0 §3.1: the attributes that every event has."""
    assert event["specversion"] == "1.0", event
    for name in ("id", "source", "type"):
        assert isinstance(event[name], str) and event[name], event
    assert all(name.isalnum() and name == name.lower() for name in event if "_" not in name), event


def _tells(event: dict[str, Any]) -> dict[str, Any]:
    data = event["data"]
    if event["type"] == DOCK_CHANGED:
        return {event["subject"]: data["bikes"]}
    if event["type"].startswith("city.disaster.alert."):
        return {data["id"]: data["state"]}
    return dict.fromkeys(data["epcs"], data["eventId"])


class WebhookConsumer(Follower):
    """A receiver that believes only what is signed.

    Attributes:
        forged: requests that it refused.
    """

    secret = ""

    def __init__(self) -> None:
        super().__init__()
        self.forged = 0

    def subscribe(self, api: Api, url: str) -> str:
        """Its path at the city's open API."""
        asked = {"url": url, "types": TYPES, "ordered": True}
        made = api.ask("POST", "/events/v1/webhooks", asked)
        self.secret = made["secret"]
        path = f"/events/v1/webhooks/{made['id']}"
        assert api.ask("POST", f"{path}/verify")["state"] == "active"
        return path

    def receive(self, fields: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a POST."""
        if not self._is_signed(fields, body):
            self.forged += 1
            return 401, b""
        said = json.loads(body)
        if said.get("type") == "webhook.verification":
            return 200, json.dumps({"challenge": said["data"]["challenge"]}).encode()
        assert fields["content-type"].startswith("application/cloudevents+json"), fields
        self.take(fields["webhook-id"], said)
        return 204, b""

    def _is_signed(self, fields: dict[str, str], body: bytes) -> bool:
        """Standard Webhooks: ``v1,`` and the HMAC of id, timestamp and body, under the secret."""
        identity, moment = fields.get("webhook-id", ""), fields.get("webhook-timestamp", "0")
        if abs(time.time() - int(moment)) > _TOLERANCE:
            return False
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = hmac.new(key, f"{identity}.{moment}.".encode() + body, hashlib.sha256).digest()
        wanted = f"v1,{base64.b64encode(signed).decode()}"
        given = fields.get("webhook-signature", "").split(" ")
        return any(hmac.compare_digest(wanted, one) for one in given)


@contextmanager
def listening(consumer: WebhookConsumer) -> Iterator[str]:
    """The consumer's URL while it listens."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            fields = {name.lower(): value for name, value in self.headers.items()}
            status, answer = consumer.receive(fields, body)
            self.send_response(status)
            if status != 204:
                self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A sender that was killed while it spoke is no news here."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class GroupReader(Follower):
    """A service that pulls: fetch, handle, commit."""

    def __init__(self, api: Api) -> None:
        super().__init__()
        self._api = api

    def pull(self) -> None:
        """One batch; when it was lost on the way, it comes again."""
        asked = {"types": TYPES, "limit": 50, "waitSeconds": 1, "consumer": "one"}
        try:
            batch = self._api.ask("POST", "/events/v1/groups/outside/fetch", asked)
            for event in batch["events"]:
                self.take(f"{event['source']} {event['id']}", event)
            if batch["events"]:
                committed = {"cursor": batch["cursor"]}
                self._api.ask("POST", "/events/v1/groups/outside/commit", committed)
        except urllib.error.HTTPError as error:
            if error.code != 409:  # committed the first time already, or another call holds it
                raise
            time.sleep(0.2)
