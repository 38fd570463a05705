from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from schemas.cloudevents import MEDIA_TYPE
from tests.services.broker.domain import PERSON, THING, person, thing
from tests.services.broker.running import BATCH, OPEN, listening, party, publish

STRUCTURED = {"content-type": MEDIA_TYPE}


def faults(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {fault["where"]: fault["what"] for fault in answer.json()["errors"]}


async def test_one_event_is_accepted(api: httpx.AsyncClient) -> None:
    answer = await api.post("/events/v1/events", content=orjson.dumps(thing()), headers=STRUCTURED)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0})


async def test_a_batch_is_accepted_and_arrives_whole(api: httpx.AsyncClient) -> None:
    async with listening(api, THING) as stream:
        answer = await publish(api, *(thing(n) for n in range(20)))
        assert answer.json() == {"accepted": 20, "duplicates": 0}
        await stream.until(20)
    assert stream.numbers == [*range(20)]


async def test_an_empty_batch_is_no_mistake(api: httpx.AsyncClient) -> None:
    assert (await publish(api)).json() == {"accepted": 0, "duplicates": 0}


async def test_binary_mode_carries_the_data_as_the_body(api: httpx.AsyncClient) -> None:
    event = thing(7)
    fields = {
        f"ce-{name}": event[name]
        for name in ("specversion", "id", "source", "type", "subject", "time")
    }
    async with listening(api, THING) as stream:
        answer = await api.post(
            "/events/v1/events",
            content=orjson.dumps(event["data"]),
            headers={**fields, "content-type": "application/json"},
        )
        assert answer.status_code == 202, answer.text
        await stream.until(1)
    assert stream.events[0]["id"] == event["id"]
    assert stream.events[0]["data"] == event["data"]


async def test_the_same_event_again_is_not_repeated(api: httpx.AsyncClient) -> None:
    event = thing(1)
    async with listening(api, THING) as stream:
        await publish(api, event, event)
        answer = await publish(api, event, thing(2))
        assert answer.json() == {"accepted": 1, "duplicates": 1}
        await stream.until(2)
    assert stream.numbers == [1, 2]


async def test_nobody_can_silence_another_client_by_using_its_ids(url: str) -> None:
    event = thing(1)
    async with party(url, client="mallory") as mallory, party(url, client="alice") as alice:
        await publish(mallory, event)
        assert (await publish(alice, event)).json()["accepted"] == 1


async def test_an_event_says_which_client_published_it(url: str) -> None:
    async with party(url, client="alice") as alice, listening(alice, THING) as stream:
        await publish(alice, thing(cityclient="bob"))
        await stream.until(1)
    assert stream.events[0]["cityclient"] == "alice"


async def test_what_is_wrong_is_named_by_json_pointer(api: httpx.AsyncClient) -> None:
    bad = thing(data={"thing": 5, "place": {"floor": 99}, "colour": "red"})
    found = faults(await publish(api, thing(), bad))
    assert set(found) == {"/1/data/thing", "/1/data/place/floor", "/1/data"}
    assert "colour" in found["/1/data"]


async def test_a_wrong_event_keeps_the_whole_batch_out(api: httpx.AsyncClient) -> None:
    async with listening(api, THING) as stream:
        assert (await publish(api, thing(1), thing(2, data={}))).status_code == 422
        await publish(api, thing(3))
        await stream.until(1)
    assert stream.numbers == [3]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"specversion": "0.3"}, "/0/specversion"),
        ({"subject": ""}, "/0/subject"),
        ({"time": "yesterday"}, "/0/time"),
        ({"time": "2026-04-01T09:00:00"}, "/0/time"),
        ({"type": "nonsense"}, "/0/type"),
        ({"source": None}, "/0/source"),
        ({"data": [1]}, "/0/data"),
        ({"datacontenttype": "text/xml"}, "/0/datacontenttype"),
        ({"Extension": "x"}, "/0/Extension"),
        ({"extension": {"a": 1}}, "/0/extension"),
        ({"subject": "s" * 1025}, "/0/subject"),
        ({"type": "city.context.entity.changed"}, "/0/type"),
    ],
)
async def test_the_envelope_is_checked(
    api: httpx.AsyncClient, changes: dict[str, Any], where: str
) -> None:
    assert where in faults(await publish(api, thing(**changes)))


async def test_an_unknown_type_names_those_that_look_like_it(api: httpx.AsyncClient) -> None:
    answer = await publish(api, thing(type="city.test.thing.mooved"))
    assert answer.status_code == 422
    assert THING in answer.json()["errors"][0]["fix"]


async def test_attributes_that_no_log_header_could_hold_are_refused(
    api: httpx.AsyncClient,
) -> None:
    long: dict[str, Any] = {f"x{n}": "v" * 500 for n in range(9)}
    assert "/0" in faults(await publish(api, thing(**long)))


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"{", MEDIA_TYPE, 400),
        (b'{"a": NaN}', MEDIA_TYPE, 400),
        (b"{}", BATCH["content-type"], 400),
        (b"[1]", BATCH["content-type"], 422),
        (b"<a/>", "text/xml", 415),
        (b"{}", "application/json", 415),
        (b'{"id": "a\\u0000b"}', MEDIA_TYPE, 400),
        (b"[" * 5000, BATCH["content-type"], 400),
        (b'"' + b"x" * 1_048_577 + b'"', MEDIA_TYPE, 413),
        (orjson.dumps([{}] * 501), BATCH["content-type"], 422),
    ],
)
async def test_what_cannot_be_read_is_refused(
    api: httpx.AsyncClient, content: bytes, media: str, status: int
) -> None:
    answer = await api.post("/events/v1/events", content=content, headers={"content-type": media})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_of_unknown_length_is_bounded_too(api: httpx.AsyncClient) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 65_536

    answer = await api.post("/events/v1/events", content=endless(), headers=STRUCTURED)
    assert answer.status_code == 413


async def test_events_about_persons_reach_only_those_who_may_see_them(url: str) -> None:
    async with (
        party(url, scope=OPEN) as plain,
        party(url, scope=f"{OPEN} events:personal") as trusted,
        listening(plain, "city.test.*") as outside,
        listening(trusted, "city.test.*") as inside,
    ):
        await publish(plain, person(), thing(1))
        await inside.until(2)
        await outside.until(1)
    assert [event["type"] for event in outside.events] == [THING]
    seen = {event["type"]: event.get("legalclass") for event in inside.events}
    assert seen == {PERSON: "personal", THING: None}


async def test_a_publisher_cannot_declare_the_legal_class(url: str) -> None:
    async with party(url) as plain, listening(plain, "city.test.*") as outside:
        await publish(plain, person(legalclass=""), thing(1, legalclass="personal"))
        await outside.until(1)
    assert outside.numbers == [1]
    assert "legalclass" not in outside.events[0]
