"""``supercity dlq`` against a real broker over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from services.broker.app import create_broker
from tests.gateway.cli.shell import listen, refusal, run, served
from tests.services.broker.domain import THING, registered, thing

SCOPES = "events:read events:publish events:publish-city operator:events"


class Identified:
    """Every caller is the operator, as a gateway would say."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = [(b"x-city-client", b"operator"), (b"x-city-scope", SCOPES.encode())]
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], *said]}
        await self._app(scope, receive, send)


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    (tmp_path / "operator.json").write_text('{"client_id": "operator", "client_secret": "s"}')
    listener, url = listen()
    monkeypatch.setenv("SUPERCITY_PUBLIC_URL", url)
    monkeypatch.setenv("SUPERCITY_DATA_DIR", str(tmp_path))
    with registered():
        app = create_broker(
            store_url=f"sqlite+aiosqlite:///{tmp_path}/store",
            log_url=f"sqlite:///{tmp_path}/log/log.db",
        )
        app.add_middleware(Identified)
        app.add_api_route("/oauth/token", lambda: {"access_token": "t"}, methods=["POST"])
        with served(app, listener), httpx.Client(base_url=url) as api:
            yield api


def given_up(api: httpx.Client) -> dict[str, Any]:
    """The event that a group has given up."""
    headers = {"content-type": "application/cloudevents+json"}
    api.post("/events/v1/events", content=json.dumps(thing(7)), headers=headers)
    batch = fetch(api)
    event: dict[str, Any] = batch["events"][0]
    body = {"cursor": batch["cursor"], "id": event["id"], "reason": "no such thing"}
    assert api.post("/events/v1/groups/g/reject", json=body).status_code == 204
    api.post("/events/v1/groups/g/commit", json={"cursor": batch["cursor"]})
    return event


def fetch(api: httpx.Client) -> Any:
    body = {"types": [THING], "waitSeconds": 10}
    return api.post("/events/v1/groups/g/fetch", json=body).json()


def letters(*options: str) -> list[dict[str, Any]]:
    """What is listed, once the log has it."""
    found: list[dict[str, Any]] = []
    while not found:
        found = json.loads(run("dlq", "list", "--json", *options))
    return found


def test_what_was_given_up_is_listed_shown_and_replayed(city: httpx.Client) -> None:
    assert "No consumer has given up" in run("dlq", "list")
    event = given_up(city)
    (letter,) = letters()
    assert letter["event"] == event
    assert json.loads(run("dlq", "list", "--json", "--group", "other")) == []
    line = run("dlq", "list")
    assert letter["id"] in line
    assert "operator/g" in line
    assert "no such thing" in line
    assert json.loads(run("dlq", "show", letter["id"], "--json")) == letter
    assert event["id"] in run("dlq", "show", letter["id"])
    assert "on its way" in run("dlq", "replay", letter["id"])
    assert fetch(city)["events"][0]["id"] == event["id"]


def test_a_letter_that_is_not_there_is_told(city: httpx.Client) -> None:
    nothing = "00000000-0000-0000-0000-000000000000"
    assert "put such an event aside" in refusal("dlq", "replay", nothing)
