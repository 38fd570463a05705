from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from schemas.kit.bulk import insert_many
from schemas.kit.outbox import Message
from schemas.problem import Unavailable
from services.broker.app import build_broker, create_broker
from services.broker.backlog import Backlog
from services.broker.subscriptions.tables import subscription_changes
from tests.services.broker.domain import THING, thing
from tests.services.broker.running import (
    listening,
    party,
    publish,
    running,
    serving,
    until,
)


@pytest.fixture
def document(sqlite_url: str, embedded_url: str) -> dict[str, object]:
    return create_broker(store_url=sqlite_url, log_url=embedded_url).openapi()


def operations(document: dict[str, object]) -> dict[str, dict[str, object]]:
    paths = document["paths"]
    assert isinstance(paths, dict)
    return {
        f"{method.upper()} {path}": operation
        for path, item in paths.items()
        for method, operation in item.items()
    }


def test_the_document_is_openapi(document: dict[str, object]) -> None:
    validate(document)


def test_every_operation_says_who_may_call_it(document: dict[str, object]) -> None:
    for name, operation in operations(document).items():
        city = operation["x-city"]
        assert isinstance(city, dict), name
        assert bool(operation["security"]) == (city["access"] != "open"), name
        assert operation["summary"], name


def test_operation_ids_are_unique(document: dict[str, object]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(ids)) == len(ids)


def test_streams_are_marked_as_such(document: dict[str, object]) -> None:
    stream = operations(document)["GET /events/v1/stream"]["x-city"]
    assert isinstance(stream, dict)
    assert stream["stream"] is True


async def test_event_types_and_their_schemas_are_public(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as anybody:
        types = (await anybody.get("/events/v1/types")).json()["types"]
        known = {entry["type"]: entry for entry in types}
        assert known[THING]["topic"] == "city.test.thing"
        assert known["city.test.person.seen"]["legalClass"] == "personal"
        schema = await anybody.get(known[THING]["dataschema"])
        assert schema.headers["content-type"] == "application/schema+json"
        assert schema.json()["required"] == ["thing"]
        assert (await anybody.get(f"/events/v1/schemas/{THING}")).json() == schema.json()
        missing = await anybody.get("/schemas/v1/city.test.thing.mooved")
        assert missing.status_code == 404
        assert THING in missing.json()["errors"][0]["fix"]


async def test_only_the_gateway_is_let_in(sqlite_url: str, embedded_url: str) -> None:
    app = create_broker(store_url=sqlite_url, log_url=embedded_url, gateway_key="secret")
    async with serving(app) as url, party(url) as api:
        assert (await publish(api, thing())).status_code == 403
        api.headers["x-city-gateway-key"] = "secret"
        assert (await publish(api, thing())).status_code == 202
        async with httpx.AsyncClient(base_url=url) as anybody:
            for path in ("/healthz", "/readyz", "/metrics", "/events/v1/openapi.json"):
                assert (await anybody.get(path)).status_code == 200


async def test_figures_are_counted(url: str) -> None:
    async with party(url) as api:
        event = thing()
        await publish(api, event, thing(1))
        await publish(api, event)

        async def value(name: str) -> str:
            lines = (await api.get("/metrics")).text.splitlines()
            return next((line.rpartition(" ")[2] for line in lines if line.startswith(name)), "")

        assert await value("city_broker_events_duplicate_total") == "1.0"
        assert await value("city_broker_log_reachable") == "1.0"
        assert await value("city_broker_outbox_messages") != ""
        assert await value("city_broker_records_published_total") in ("", "1.0", "2.0")


async def test_the_broker_accepts_while_its_log_is_away(sqlite_url: str) -> None:
    async with running(sqlite_url, "kafka://127.0.0.1:1") as url, party(url) as api:
        assert (await publish(api, thing())).status_code == 202
        ready = await api.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        stream = await api.get("/events/v1/stream")
        assert stream.status_code == 503
        assert stream.headers["retry-after"]


async def test_publishers_are_asked_to_wait_before_the_outbox_is_too_long(
    sqlite_url: str, embedded_url: str
) -> None:
    broker = build_broker(sqlite_url, embedded_url)
    await broker.store.open()
    await broker.outbox.say([Message("t", "k", b"{}")] * 8)
    backlog = Backlog(broker.outbox, most=10)
    await backlog.count()
    backlog.admit(2)
    backlog.grew(2)
    with pytest.raises(Unavailable) as refused:
        backlog.admit(1)
    assert refused.value.headers["retry-after"]
    await broker.log.close()
    await broker.store.close()


async def test_publishers_are_asked_to_wait_before_too_many_changes_are_untold(
    sqlite_url: str, embedded_url: str
) -> None:
    broker = build_broker(sqlite_url, embedded_url)
    await broker.store.open()
    backlog = Backlog(broker.outbox, 3, broker.subscribing.waiting)
    change = {"tenant": "", "version": 0, "changes": b"[]"}
    async with broker.store.write() as connection:
        await insert_many(connection, subscription_changes, [change] * 2)
    await backlog.count()
    backlog.admit_changes(1)
    async with broker.store.write() as connection:
        await insert_many(connection, subscription_changes, [change])
    await backlog.count()
    with pytest.raises(Unavailable) as refused:
        backlog.admit_changes(1)
    assert refused.value.headers["retry-after"]
    backlog.admit(1)  # events are told of by the log
    await broker.log.close()
    await broker.store.close()


async def test_two_brokers_on_one_store_relay_by_turns(store_url: str, embedded_url: str) -> None:
    """One of them holds the relay; the other takes over when it goes."""
    one, two = build_broker(store_url, embedded_url), build_broker(store_url, embedded_url)
    await one.store.open()
    await two.store.open()
    await one.outbox.say([Message("city.test.thing", "k", b"{}", "[]")])
    assert await one.outbox.relay_once()
    await two.outbox.say([Message("city.test.thing", "k", b"{}", "[]")])
    assert not await two.outbox.relay_once()
    await one.outbox.stop()
    assert await two.outbox.relay_once()
    await two.outbox.stop()
    for broker in (one, two):
        await broker.log.close()
        await broker.store.close()


@pytest.mark.parametrize(
    ("store", "log"),
    [("redis://x", "sqlite:///{0}/log.db"), ("sqlite+aiosqlite:///{0}/store", "redis://x")],
)
def test_a_url_that_nobody_speaks_is_refused_at_once(store: str, log: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="speaks"):
        create_broker(store_url=store.format(tmp_path), log_url=log.format(tmp_path))


async def test_a_broker_that_is_told_to_end_keeps_nobody_waiting(
    sqlite_url: str, embedded_url: str
) -> None:
    """Streams end with a last word; fetches that wait come back empty."""
    app = create_broker(store_url=sqlite_url, log_url=embedded_url)
    async with serving(app) as url, party(url) as api, listening(api, THING) as stream:
        body = {"types": [THING], "waitSeconds": 20}
        fetching = asyncio.create_task(api.post("/events/v1/groups/g/fetch", json=body))
        await until(lambda: app.state.broker.fanout.open_streams == 1)
        await app.state.drain()
        await until(lambda: any("the stream ends" in line for line in stream.comments), 5)
        answer = await asyncio.wait_for(fetching, 5)
        assert answer.json() == {"events": [], "cursor": ""}


async def test_what_another_process_accepts_is_relayed_at_once(
    postgres_server: Any, embedded_url: str
) -> None:
    """Only one of them relays; it is called, and does not wait for its next look."""
    store_url = postgres_server.database()
    delays = []
    async with (
        running(store_url, embedded_url) as one,
        running(store_url, embedded_url) as two,
        party(one) as first,
        party(two) as second,
        listening(first, THING) as stream,
    ):
        for number in range(20):
            began = time.monotonic()
            await publish((first, second)[number % 2], thing(number))
            await stream.until(number + 1)
            delays.append(time.monotonic() - began)
    assert stream.numbers == [*range(20)]
    assert sorted(delays)[14] < 0.5, "by looking alone, every other one would take half a second"


async def test_publishers_are_turned_away_over_http(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the log away the outbox grows to its bound and no further; nothing is half stored."""
    monkeypatch.setattr("services.broker.app.MOST_WAITING", 30)
    async with running(sqlite_url, "kafka://127.0.0.1:1") as url, party(url) as api:
        answers = [await publish(api, *(thing(n) for n in range(20))) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 503]
        assert int(answers[1].headers["retry-after"]) > 0
        assert (await publish(api, *(thing(n) for n in range(10)))).status_code == 202


async def test_a_groups_lag_is_measured(sqlite_url: str, embedded_url: str) -> None:
    app = create_broker(store_url=sqlite_url, log_url=embedded_url)
    async with serving(app) as url, party(url) as api:
        body = {"types": [THING], "waitSeconds": 10}
        await publish(api, *(thing(n) for n in range(3)))
        fetched = (await api.post("/events/v1/groups/g/fetch", json=body)).json()

        async def lag() -> str:
            await app.state.broker.lags.measure()
            text = (await api.get("/metrics")).text
            name = 'city_broker_group_lag_records{client="tests",group="g"} '
            return text.partition(name)[2].partition("\n")[0]

        assert float(await lag()) >= 3
        await api.post("/events/v1/groups/g/commit", json={"cursor": fetched["cursor"]})
        assert await lag() == "0.0"
        assert "city_broker_events_fetched_total 3.0" in (await api.get("/metrics")).text
