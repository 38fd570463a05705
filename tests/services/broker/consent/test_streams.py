"""Events about a resident, on streams and to groups, under the resident's consent."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

from services.broker.consent import ended
from tests.services.broker.consent.conftest import Place
from tests.services.broker.consent.control import consent
from tests.services.broker.domain import PERSON, THING, person, thing
from tests.services.broker.running import listening, publish, until

FETCH = "/events/v1/groups/mine/fetch"


def seen(resident: str, number: int = 0, **data: str) -> dict[str, object]:
    said = person(subject=f"{resident}-in-test")
    return {**said, "data": {"person": f"{resident} {number}", **data}}


async def test_a_resident_s_token_gets_that_resident_s_events_and_no_other_s(place: Place) -> None:
    async with listening(place.app, f"{PERSON},{THING}") as listener:
        await publish(place.city, seen("taro"), seen("hanako"), thing(1))
        events = await listener.until(2)
    assert [event["type"] for event in events] == [PERSON, THING]
    assert events[0]["data"] == {"person": "hanako 0"}


async def test_scopes_give_a_resident_s_token_nothing_of_others(place: Place) -> None:
    bare = place.resident("grant-h")
    bare.headers["x-city-scope"] = "events:read events:personal"
    async with bare, listening(bare, f"{PERSON},{THING}") as listener:
        await publish(place.city, seen("taro"), seen("hanako"), thing(1))
        assert [event["type"] for event in await listener.until(1)] == [THING]


async def test_two_clients_find_no_common_name_in_what_they_get(place: Place) -> None:
    said = seen("hanako")
    async with listening(place.app, PERSON) as listener:
        await publish(place.city, said)
        (event,) = await listener.until(1)
    assert event["subject"] == "hanako-to-client"
    assert event["id"] != said["id"]
    assert "hanako-in-test" not in str(event)


async def test_only_the_fields_of_the_consent_come(place: Place) -> None:
    limited = place.resident("grant-h", consent("c-h", "sightings", "care", "where"))
    async with limited, listening(limited, PERSON) as listener:
        await publish(place.city, seen("hanako", place="station"))
        (event,) = await listener.until(1)
    assert event["data"] == {"place": "station"}


async def test_a_token_with_consents_for_two_purposes_says_which(place: Place) -> None:
    both = place.resident("grant-h", consent("c-1"), consent("c-2", purpose="payment"))
    async with both:
        refused = await both.get("/events/v1/stream", params={"types": PERSON})
        assert refused.status_code == 403
        assert refused.json()["type"].endswith("purpose-needed")
        both.headers["city-purpose"] = "payment"
        async with listening(both, PERSON):
            pass
    assert place.control.asked == [("grant-h", "c-2", "test")]


async def test_a_stream_is_cut_when_its_consent_is_withdrawn(place: Place) -> None:
    async with listening(place.app, PERSON) as listener:
        await publish(place.city, seen("hanako"))
        await listener.until(1)
        await place.control.end(consents=["c-h"])
        await until(lambda: any("has ended" in line for line in listener.comments))
        await publish(place.city, seen("hanako", 1))
    assert len(listener.events) == 1
    await place.until("streams_cut", 1)


async def test_a_stream_of_a_suspended_client_is_cut_whoever_is_behind(place: Place) -> None:
    async with listening(place.city, THING) as listener:
        await place.control.end(suspended=["tests"])
        await until(lambda: any("has ended" in line for line in listener.comments))


async def test_a_fetch_that_waits_gets_nothing_of_a_grant_that_ends(place: Place) -> None:
    asking = asyncio.create_task(place.app.post(FETCH, json={"types": [PERSON], "waitSeconds": 20}))
    await until(lambda: place.control.asked)
    await place.control.end(grants=["grant-h"])
    await publish(place.city, seen("hanako"))
    answer = await asking
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("consent-missing")


async def test_a_group_is_another_one_for_each_resident(place: Place) -> None:
    await publish(place.city, seen("hanako"), seen("taro"))
    other = place.resident("grant-t", consent("c-t"))
    async with other:
        for api, name in ((place.app, "hanako"), (other, "taro")):
            await until_fetched(api, name)


async def until_fetched(api: object, name: str) -> None:
    fetched = await api.post(FETCH, json={"types": [PERSON], "waitSeconds": 10})  # type: ignore[attr-defined]
    (event,) = fetched.json()["events"]
    assert event["data"]["person"] == f"{name} 0"
    cursor = {"cursor": fetched.json()["cursor"]}
    rejected = {**cursor, "id": event["id"], "reason": "no"}
    assert (await api.post("/events/v1/groups/mine/reject", json=rejected)).status_code == 204  # type: ignore[attr-defined]
    assert (await api.post("/events/v1/groups/mine/commit", json=cursor)).status_code == 204  # type: ignore[attr-defined]


async def test_while_the_control_plane_is_silent_personal_events_wait(place: Place) -> None:
    """The stream ends, a new one is refused; what was said comes when the silence is over."""
    async with listening(place.app, PERSON) as listener:
        await publish(place.city, seen("hanako", 1))
        await listener.until(1)
        with patch.object(ended, "SILENT_SECONDS", -1.0):
            await place.control.fail()
            await until(lambda: any("not known" in line for line in listener.comments))
            refused = await place.app.get("/events/v1/stream", params={"types": PERSON})
            assert refused.status_code == 503
            await publish(place.city, seen("hanako", 2))
    place.control.away = False
    await until(lambda: not place.broker.consents.ended.is_silent)
    async with listening(place.app, PERSON, last_id=listener.ids[-1]) as again:
        (event,) = await again.until(1)
    assert event["data"]["person"] == "hanako 2"
