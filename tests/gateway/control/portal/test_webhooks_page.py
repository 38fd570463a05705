"""A developer sees what became of their webhooks, and sends again, in the application's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from gateway.control import tables
from tests.gateway.control.city import City
from tests.gateway.control.consent.apis import caring_city
from tests.gateway.control.portal.developers import APPS, Developer, developer

HOOK = "wh_" + "5f0c1a2b" * 3
GOOD, BAD = "msg_" + "g" * 24, "msg_" + "b" * 24
AT = "2026-11-24T05:59:00Z"
WEBHOOK = {
    "id": HOOK, "url": "https://app.example/<hook>", "types": ["city.disaster.*"],
    "state": "active", "description": "", "sent": 7, "failed": 2, "waiting": 1,
    "lastError": "it answered 500",
}  # fmt: skip
TRY = {"at": AT, "status": 200, "ms": 12, "error": ""}
FAILED = {"at": AT, "status": 0, "ms": 5000, "error": "it did not answer in time"}
MESSAGES: dict[str, dict[str, Any]] = {
    GOOD: {
        "messageId": GOOD, "type": "city.disaster.alert.issued", "state": "delivered", "tries": 2,
        "created": AT, "nextTry": None, "attempts": [FAILED, TRY],
    },
    BAD: {
        "messageId": BAD, "type": "city.medical.booking.made", "state": "waiting", "tries": 1,
        "created": AT, "nextTry": AT, "attempts": [FAILED],
    },
}  # fmt: skip
EVENT = {"specversion": "1.0", "type": "city.disaster.alert.issued", "data": {"x": "<b>loud</b>"}}


@dataclass
class Events:
    """The events API behind the gateway, as far as the pages know it."""

    calls: list[httpx.Request] = field(default_factory=list)
    down: bool = False
    withheld: bool = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused")
        self.calls.append(request)
        path = request.url.path.removeprefix("/events/v1/webhooks")
        name = path.split("/")[3] if path.count("/") > 2 else ""
        if not path:
            return httpx.Response(200, json={"webhooks": [WEBHOOK]})
        if not name:
            found = list(MESSAGES.values())
            return httpx.Response(200, json={"deliveries": found, "before": "17"})
        if name not in MESSAGES:
            return httpx.Response(404, json={"title": "Not Found"})
        if request.method == "POST":
            waits = MESSAGES[name]["state"] == "waiting"
            return httpx.Response(409 if waits else 202)
        event = {k: v for k, v in EVENT.items() if not self.withheld or k != "data"}
        shown = {**MESSAGES[name], "event": event, "withheld": self.withheld}
        return httpx.Response(200, json=shown)


@dataclass
class Place:
    city: City
    dev: Developer
    events: Events
    page: str
    client_id: str

    async def grant(self, scope: str) -> None:
        """The scopes that the application has; the APIs of this city know none of events."""
        row = tables.clients.c.client_id == self.client_id
        async with self.city.control.change() as connection:
            await connection.execute(update(tables.clients).where(row).values(scope=scope))


@asynccontextmanager
async def place_of(folder: Path, scope: str = "events:read mobility:read") -> AsyncIterator[Place]:
    events = Events()
    async with caring_city(folder) as city, developer(city) as dev:
        city.app.state.acting.gateway = httpx.AsyncClient(
            transport=httpx.MockTransport(events.answer), base_url="http://gateway"
        )
        made = (await dev.create())["client_id"]
        found = Place(city, dev, events, f"{APPS}/{made}/webhooks", made)
        await found.grant(scope)
        yield found


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with place_of(tmp_path) as found:
        yield found


async def acts(place: Place, action: str) -> list[dict[str, Any]]:
    query = {"action": action}
    answer = await place.city.http.get("/audit/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json() if one["action"] == action]


async def test_the_log_is_read_with_a_token_of_the_application_for_events_alone(
    place: Place,
) -> None:
    page = await place.dev.get(place.page, lang="en", state="delivered", before="9")
    assert page.status_code == 200
    for said in (
        "https://app.example/&lt;hook&gt;", "city.disaster.*", "it answered 500", "Delivered",
        "2026-11-24 14:59:00", "12 ms", "No answer", "To be tried again", "before=17",
    ):  # fmt: skip
        assert said in page.text, said
    assert page.text.count(">Send again</button>") == 1  # what waits is on its way anyway
    log = place.events.calls[-1]
    assert dict(log.url.params) == {"state": "delivered", "limit": "25", "before": "9"}
    tokens = {call.headers["authorization"] for call in place.events.calls}
    (bearer,) = tokens
    claims = await place.city.claims(bearer.removeprefix("Bearer "))
    assert (claims["client_id"], claims["sub"]) == (place.client_id, place.client_id)
    assert claims["scope"] == "events:read"
    assert claims["exp"] - claims["iat"] <= 600
    (act,) = await acts(place, "client.act")
    assert act["target"] == place.client_id
    assert act["client"].startswith("staff:")


async def test_what_was_sent_is_shown_and_cannot_run(place: Place) -> None:
    page = await place.dev.get(f"{place.page}/{HOOK}/{GOOD}", lang="en")
    assert "&lt;b&gt;loud&lt;/b&gt;" in page.text
    assert "<b>loud" not in page.text
    assert "it did not answer in time" in page.text
    place.events.withheld = True
    page = await place.dev.get(f"{place.page}/{HOOK}/{GOOD}", lang="en")
    assert "about a person" in page.text
    assert "loud" not in page.text
    assert (await place.dev.get(f"{place.page}/{HOOK}/msg_{'x' * 24}")).status_code == 404


async def test_one_press_sends_again_and_says_what_came_of_it(place: Place) -> None:
    message = f"{place.page}/{HOOK}/{GOOD}"
    answer = await place.dev.post(message)
    assert answer.status_code == 303
    assert place.events.calls[-1].method == "POST"
    assert place.events.calls[-1].url.path.endswith(f"/{HOOK}/deliveries/{GOOD}/redeliver")
    back = await place.dev.browser.get(answer.headers["location"] + "&lang=en")
    assert "It is on its way again." in back.text
    (act,) = await acts(place, "webhook.redeliver")
    assert act["detail"]["message"] == GOOD
    form = {"csrf": "of another page"}
    assert (await place.dev.browser.post(message, data=form)).status_code == 403
    csrf = back.text.split('name="csrf" value="')[1].split('"')[0]
    waits = await place.dev.browser.post(f"{place.page}/{HOOK}/{BAD}", data={"csrf": csrf})
    assert waits.headers["location"].endswith("done=d_on_its_way")
    assert len(await acts(place, "webhook.redeliver")) == 1


async def test_what_the_application_may_not_do_its_owner_cannot_do_here(tmp_path: Path) -> None:
    async with place_of(tmp_path, "mobility:read") as place:
        page = await place.dev.get(place.page, lang="en")
        assert "lacks the scope events:read" in page.text
        client = f"/control/v1/clients/{place.client_id}"
        await place.grant("events:read")
        assert (await place.city.http.post(f"{client}/suspend")).status_code == 200
        page = await place.dev.get(place.page, lang="en")
        assert "cannot be used now" in page.text
        assert place.events.calls == []
        assert await acts(place, "client.act") == []


async def test_a_gateway_that_is_away_is_said(place: Place) -> None:
    place.events.down = True
    page = await place.dev.get(place.page, lang="en")
    assert page.status_code == 503
    assert "cannot be read at the moment" in page.text


async def test_anothers_webhooks_are_not_there(place: Place) -> None:
    async with developer(place.city, "kato") as other:
        assert (await other.get(place.page)).status_code == 404
        assert (await other.get(f"{place.page}/{HOOK}/{GOOD}")).status_code == 404
        mine = await other.create()
        theirs = f"{APPS}/{mine['client_id']}/edit"
        csrf = (await other.get(theirs)).text.split('name="csrf" value="')[1].split('"')[0]
        answer = await other.browser.post(f"{place.page}/{HOOK}/{GOOD}", data={"csrf": csrf})
    assert answer.status_code == 404
    assert place.events.calls == []
