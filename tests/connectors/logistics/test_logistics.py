"""The logistics API: what goes in comes out, once, and is told to the city."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from connectors.logistics import service
from connectors.logistics.connector import LogisticsConnector
from tests.connectors.harness import Running, running
from tests.connectors.logistics.epcis_events import (
    ITEM,
    OTHER,
    PALLET,
    document,
    event,
    packed,
    place,
    seen,
)
from tests.foreign import foreign

ROOT = "/logistics/v1"
FOREIGN = (
    "Example_9.6.1-ObjectEvent",
    "Example_9.6.3-AggregationEvent",
    "Example_9.6.4-TransformationEvent",
    "EPCISQueryDocument",
)


@pytest.fixture
async def run(tmp_path: Path, store_url: str) -> AsyncIterator[Running]:
    async with running(LogisticsConnector, tmp_path, store_url=store_url) as found:
        yield found


async def capture(run: Running, *events: Any, status: int = 202) -> Any:
    answer = await run.api.post(f"{ROOT}/capture", content=document(*events))
    assert answer.status_code == status, answer.text
    return answer.json()


async def query(run: Running, **parameters: str) -> list[dict[str, Any]]:
    answer = await run.api.get(f"{ROOT}/events", params=parameters)
    body = answer.raise_for_status().json()
    found: list[dict[str, Any]] = body["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found


async def track(run: Running, epc: str) -> Any:
    answer = await run.api.get(f"{ROOT}/shipments/{quote(epc, safe='')}/track")
    return answer.raise_for_status().json()


def events_in(name: str) -> tuple[bytes, list[dict[str, Any]]]:
    raw = foreign(f"logistics/{name}.jsonld").read_bytes()
    body = orjson.loads(raw)["epcisBody"]
    return raw, (body.get("queryResults", {}).get("resultsBody") or body)["eventList"]


@pytest.mark.parametrize("how", ["capture", "feed"])
@pytest.mark.parametrize("name", FOREIGN)
async def test_foreign_events_go_in_and_come_out_equal(run: Running, name: str, how: str) -> None:
    raw, said = events_in(name)
    if how == "capture":
        assert (await run.api.post(f"{ROOT}/capture", content=raw)).status_code == 202
    else:
        assert (await run.api.put(f"{ROOT}/feeds/epcis", content=raw)).status_code == 200
    assert await query(run) == said
    for one in said:
        url = f"{ROOT}/events/{quote(one['eventID'], safe='')}"
        found = (await run.api.get(url)).raise_for_status().json()
        assert found.pop("@context")[1] == {"example": "http://ns.example.com/epcis/"}
        assert found == one
    await run.said.until(lambda heard: len(heard.events()) == len(said))
    for published, one in zip(run.said.events(), said, strict=True):
        assert published["type"] == "city.logistics.shipment.observed"
        data = published["data"]
        assert data["eventId"] == one["eventID"]
        assert data["readPoint"] == one["readPoint"]["id"]
        named = one.get("epcList") or one.get("childEPCs") or one.get("inputEPCList")
        assert data["epcs"] == named
        assert data.get("outputs", []) == one.get("outputEPCList", [])


async def test_a_foreign_things_entity_says_where_it_was_last_seen(run: Running) -> None:
    raw, said = events_in("Example_9.6.1-ObjectEvent")
    await run.api.post(f"{ROOT}/capture", content=raw)
    epc, last = said[1]["epcList"][0], said[1]
    await run.said.until(lambda heard: len(heard.entities()) == 2)
    entities = run.said.entities().values()
    (entity,) = [one for one in entities if one["epc"]["value"] == epc]
    assert entity["readPoint"]["value"] == last["readPoint"]["id"]
    assert entity["businessLocation"]["value"] == last["bizLocation"]["id"]
    assert entity["businessStep"]["value"] == last["bizStep"]
    listed = (await run.api.get(f"{ROOT}/shipments")).json()
    assert listed["total"] == 2
    one = await run.api.get(f"{ROOT}/shipments/{quote(epc, safe='')}")
    assert one.json()["id"] == entity["id"]
    assert one.json() in listed["items"]


async def test_ids_with_slashes_are_found_encoded_twice(run: Running) -> None:
    link, escaped = "https://id.gs1.org/00/006141411234567890", "urn:epc:id:sgtin:0614141.1.a%2Fb"
    await capture(run, seen(0, 1, link, escaped, eventID="ni:///sha-256;abc?ver=CBV2.0"))

    def once(name: str) -> str:
        return quote(name, safe="")

    def twice(name: str) -> str:
        return once(once(name))

    for epc in (link, escaped):
        found = (await run.api.get(f"{ROOT}/shipments/{twice(epc)}")).json()
        assert found["epc"] == epc
        by_entity = await run.api.get(f"{ROOT}/shipments/{once(found['id'])}/track")
        assert by_entity.json()["epc"] == epc
    event = await run.api.get(f"{ROOT}/events/{twice('ni:///sha-256;abc?ver=CBV2.0')}")
    assert event.json()["epcList"] == [link, escaped]


async def test_the_same_event_again_is_the_same_event(run: Running) -> None:
    first = await capture(run, seen(0, 1, ITEM), seen(0, 1, ITEM))
    again = await capture(run, seen(0, 1, ITEM), seen(5, 2, ITEM))
    assert (first["newEventCount"], again["newEventCount"]) == (1, 1)
    assert len(await query(run)) == 2
    job = await run.api.get(f"{ROOT}/capture/{again['captureID']}")
    assert job.json() == again


async def test_another_event_of_a_known_id_is_refused_and_nothing_is_captured(
    run: Running,
) -> None:
    await capture(run, seen(0, 1, ITEM, eventID="urn:uuid:1"))
    other = seen(0, 2, ITEM, eventID="urn:uuid:1")
    problem = await capture(run, seen(9, 9, OTHER), other, status=409)
    assert problem["errors"][0]["where"] == "event 1 /eventID"
    assert len(await query(run)) == 1


async def test_a_document_with_one_faulty_event_changes_nothing(run: Running) -> None:
    await capture(run, seen(0, 1, ITEM))
    problem = await capture(run, seen(1, 2, ITEM), seen(2, 3, "no uri"), status=422)
    assert problem["errors"] == [
        {"where": "/epcisBody/eventList/1/epcList/0", "what": "must be a URI"}
    ]
    assert len(await query(run)) == 1


async def test_an_event_declared_wrong_is_taken_back(run: Running) -> None:
    wrong = seen(10, 2, ITEM, eventID="urn:uuid:wrong")
    only = seen(10, 2, OTHER, eventID="urn:uuid:only")
    await capture(run, seen(0, 1, ITEM), wrong, only)
    declaration = {"declarationTime": "2026-04-02T00:00:00Z", "reason": "incorrect_data"}
    taken_back = [{**one, "errorDeclaration": declaration} for one in (wrong, only)]
    assert (await capture(run, *taken_back))["newEventCount"] == 2
    assert (await capture(run, *taken_back))["newEventCount"] == 0
    assert (await track(run, ITEM))["total"] == 1
    await run.said.until(lambda heard: len(heard.entities()) == 1)
    (entity,) = run.said.entities().values()
    assert entity["readPoint"]["value"] == place(1)
    gone = await run.api.get(f"{ROOT}/shipments/{quote(OTHER, safe='')}")
    assert gone.status_code == 404
    assert (await query(run, EQ_eventID="urn:uuid:only")) == [taken_back[1]]
    await run.said.until(lambda heard: len(heard.events()) == 5)
    assert [e["data"].get("declaredWrong") for e in run.said.events()][3:] == [True, True]


async def test_a_parcels_move_moves_what_is_in_it(run: Running) -> None:
    await capture(run, packed(0, PALLET, ITEM))
    await capture(run, seen(10, 7, PALLET))
    shown = await track(run, ITEM)
    assert [step.get("readPoint") for step in shown["sightings"]] == [None, place(7)]
    assert shown["sightings"][1]["via"] == [PALLET]
    assert shown["containedIn"] == PALLET
    assert (await track(run, PALLET))["contains"] == [ITEM]
    await run.said.until(lambda heard: all("readPoint" in one for one in heard.entities().values()))
    (item,) = [e for e in run.said.entities().values() if e["epc"]["value"] == ITEM]
    assert item["readPoint"]["value"] == place(7)
    assert item["containedIn"]["type"] == "Relationship"


async def test_events_that_come_late_are_put_where_they_belong(run: Running) -> None:
    await capture(run, seen(20, 2, PALLET))
    await capture(run, packed(30, PALLET, ITEM, action="DELETE"))
    await capture(run, packed(10, PALLET, ITEM))
    shown = await track(run, ITEM)
    assert [step.get("readPoint") for step in shown["sightings"]] == [None, place(2), None]
    assert "containedIn" not in shown


async def test_a_late_move_is_told_of_what_was_inside_then(run: Running) -> None:
    await capture(run, packed(0, PALLET, ITEM), packed(30, PALLET, ITEM, action="DELETE"))
    await capture(run, seen(10, 7, PALLET))
    item = (await run.api.get(f"{ROOT}/shipments/{quote(ITEM, safe='')}")).json()
    assert item["readPoint"] == place(7)


async def test_a_transformation_links_what_went_in_with_what_came_out(run: Running) -> None:
    await capture(
        run, event("TransformationEvent", 0, inputEPCList=[ITEM], outputEPCList=[OTHER, PALLET])
    )
    assert (await track(run, ITEM))["madeInto"] == [OTHER, PALLET]
    assert (await track(run, OTHER))["madeFrom"] == [ITEM]


async def test_places_get_their_names_from_master_data(run: Running) -> None:
    attributes = [("name", "Depot 倉庫"), ("latitude", "36.55"), ("longitude", 139.88)]
    vocabulary = {
        "type": "urn:epcglobal:epcis:vtype:BusinessLocation",
        "vocabularyElementList": [
            {
                "id": place(1),
                "attributes": [
                    {"id": f"urn:epcglobal:cbv:mda:{name}", "attribute": value}
                    for name, value in attributes
                ],
            }
        ],
    }
    header = {"epcisMasterData": {"vocabularyList": [vocabulary]}}
    raw = document(seen(0, 1, ITEM), epcisHeader=header)
    await run.api.post(f"{ROOT}/capture", content=raw)
    (step,) = (await track(run, ITEM))["sightings"]
    assert step["placeName"] == "Depot 倉庫"
    assert step["location"]["coordinates"] == [139.88, 36.55]


async def test_a_geo_uri_is_a_place_by_itself(run: Running) -> None:
    here = {"id": "geo:36.5,139.5"}
    await capture(run, seen(0, 1, ITEM, readPoint=here), seen(1, 2, ITEM))
    found = await query(run, EQ_readPoint=f"{here['id']},urn:x:y")
    assert [one["readPoint"] for one in found] == [here]
    step, _ = (await track(run, ITEM))["sightings"]
    assert step["location"]["coordinates"] == [139.5, 36.5]


async def test_queries_choose_by_the_standards_parameters(run: Running) -> None:
    await capture(
        run,
        seen(0, 1, ITEM, bizStep="shipping", bizLocation={"id": place(9)}),
        seen(10, 2, ITEM, bizStep="https://ref.gs1.org/cbv/BizStep-receiving"),
        packed(20, PALLET, OTHER),
        event("TransformationEvent", 30, inputEPCList=[ITEM], outputEPCList=[OTHER]),
    )

    async def minutes(**parameters: str) -> list[int]:
        return [int(one["eventTime"][14:16]) for one in await query(run, **parameters)]

    assert await minutes() == [0, 10, 20, 30]
    assert await minutes(eventType="ObjectEvent,AggregationEvent") == [0, 10, 20]
    assert await minutes(GE_eventTime="2026-04-01T00:10:00Z") == [10, 20, 30]
    assert await minutes(LT_eventTime="2026-04-01T00:10:00Z") == [0]
    assert await minutes(EQ_bizStep="shipping,receiving") == [0, 10]
    assert await minutes(EQ_bizStep="urn:epcglobal:cbv:bizstep:receiving") == [10]
    assert await minutes(EQ_readPoint=place(2)) == [10]
    assert await minutes(EQ_bizLocation=place(9)) == [0]
    assert await minutes(EQ_action="ADD") == [20]
    assert await minutes(MATCH_epc=ITEM) == [0, 10]
    assert await minutes(MATCH_epc=OTHER) == [20]
    assert await minutes(MATCH_parentID=PALLET) == [20]
    assert await minutes(MATCH_inputEPC=ITEM) == [30]
    assert await minutes(MATCH_outputEPC=OTHER) == [30]
    assert await minutes(MATCH_anyEPC=f"{PALLET},{OTHER}") == [20, 30]
    assert await minutes(MATCH_anyEPC="urn:epc:idpat:sgtin:0614141.107346.*") == [0, 10, 20, 30]
    assert await minutes(MATCH_anyEPC="urn:epc:idpat:sgtin:0614141.10734.*") == []


@pytest.mark.parametrize("most_bytes", [8_000_000, 400])
async def test_pages_follow_one_another_without_gap_or_repetition(
    run: Running, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    await capture(run, *(seen(n // 3, n, ITEM) for n in range(10)))
    everything = await query(run)
    monkeypatch.setattr(service, "MOST_BYTES", most_bytes)
    url, found = f"{ROOT}/events?perPage=4&MATCH_epc={ITEM}", []
    for _ in range(12):
        answer = await run.api.get(url)
        body = answer.raise_for_status().json()
        found += body["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        if "link" not in answer.headers:
            break
        url = answer.headers["link"].partition(">")[0].removeprefix("<")
    assert found == everything
    assert len(found) == 10


@pytest.mark.parametrize(
    "parameters",
    [
        {"MATCH_everything": "x"},
        {"GE_eventTime": "yesterday"},
        {"GE_eventTime": "2026-04-01T00:00:00Z,2026-04-01T00:00:00Z"},
        {"MATCH_epc": "no uri"},
        {"MATCH_epc": "urn:epc:idpat:sgtin:*.1.2"},
        {"nextPageToken": "bm90IG91cnM"},
        {"nextPageToken": "%%%"},
        {"EQ_bizStep": ",".join("x" * 101)},
        {"EQ_readPoint": "a\x00b"},
        {"EQ_eventID": ""},
    ],
)
async def test_a_query_that_cannot_be_understood_is_refused(
    tmp_path: Path, parameters: dict[str, str]
) -> None:
    async with running(LogisticsConnector, tmp_path) as run:
        answer = await run.api.get(f"{ROOT}/events", params=parameters)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["where"] in parameters


@pytest.mark.parametrize("name", ["%00", "urn:x:%00", "urn:x:%2500", "%FF", "%25FF", "%20"])
@pytest.mark.parametrize("path", ["events/{}", "shipments/{}", "shipments/{}/track"])
async def test_what_is_no_id_names_nothing(run: Running, path: str, name: str) -> None:
    assert (await run.api.get(f"{ROOT}/{path.format(name)}")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "events/urn:uuid:0",
        "shipments/urn:x:y",
        "shipments/urn:x:y/track",
        "capture/00000000-0000-0000-0000-000000000000",
    ],
)
async def test_what_is_not_there_is_not_found(tmp_path: Path, path: str) -> None:
    async with running(LogisticsConnector, tmp_path) as run:
        assert (await run.api.get(f"{ROOT}/{path}")).status_code == 404
