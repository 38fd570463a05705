"""Which APIs answer and since when, and what changed in them."""

from __future__ import annotations

import json
from copy import deepcopy

from gateway.control.catalogue import history
from gateway.control.catalogue.attach import refresh
from gateway.control.catalogue.history import Happened, difference
from tests.gateway.control.city import City
from tests.gateway.control.portal.apis import HARMFUL_URL, MOBILITY, MOBILITY_URL


async def again(city: City, name: str = "mobility") -> None:
    """Fetch its document now."""
    (api,) = [one for one in city.control.publisher.current.attached if one.name == name]
    await refresh(city.control, api)


async def told(city: City, *kinds: history.Kind) -> list[Happened]:
    async with city.control.store.read() as connection:
        return await history.newest(connection, kinds, 100)


async def text(city: City, path: str) -> str:
    return (await city.http.get(path)).text


async def test_an_api_that_goes_away_is_shown_until_it_is_back(offering: City) -> None:
    offering.clock.advance(60)
    document = offering.network.documents.pop(MOBILITY_URL)
    await again(offering)
    page = await text(offering, "/developers/status?lang=en")
    assert "1 APIs have a problem" in page
    assert "does not answer" in page
    assert "2026-11-24 06:01 UTC" in page, "since when"
    assert "1 APIs have a problem" in await text(offering, "/developers?lang=en")
    offering.network.documents[MOBILITY_URL] = document
    offering.clock.advance(60)
    await again(offering)
    assert "All APIs are fine" in await text(offering, "/developers/status?lang=en")
    assert [one.kind for one in await told(offering, *history.STATES)] == ["good", "unreachable"]


async def test_a_document_that_is_refused_is_shown_and_the_api_stays(offering: City) -> None:
    worse = deepcopy(MOBILITY)
    worse["paths"]["/elsewhere"] = worse["paths"]["/mobility/v1/vehicles"]
    offering.network.documents[MOBILITY_URL] = worse
    await again(offering)
    assert "its newest document is refused" in await text(offering, "/developers/status?lang=en")
    assert "findings; the one before" in await text(offering, "/developers/datasets/stops?lang=en")


async def test_new_and_gone_operations_are_told_with_the_version(offering: City) -> None:
    newer = deepcopy(MOBILITY)
    newer["info"]["version"] = "2.0.0"
    newer["paths"]["/mobility/v1/stops"].pop("post")
    newer["paths"]["/mobility/v1/lines"] = {
        "get": {**newer["paths"]["/mobility/v1/vehicles"]["get"], "operationId": "listLines"}
    }
    newer["paths"]["/mobility/v1/vehicles"]["get"]["summary"] = "Where they are"
    offering.network.documents[MOBILITY_URL] = newer
    offering.clock.advance(60)
    await again(offering)
    (newest, *_) = await told(offering, *history.CHANGES)
    assert newest.kind == "changed"
    assert newest.detail == {
        "version": ["1.0.0", "2.0.0"],
        "added": ["GET /mobility/v1/lines"],
        "removed": ["POST /mobility/v1/stops"],
        "changed": ["GET /mobility/v1/vehicles"],
    }
    page = await text(offering, "/developers/changes?lang=en")
    assert "1.0.0 → 2.0.0" in page
    assert "POST /mobility/v1/stops" in page


async def test_two_processes_that_see_one_change_tell_it_once(offering: City) -> None:
    (held,) = [one for one in offering.control.publisher.current.attached if one.name == "mobility"]
    newer = deepcopy(MOBILITY)
    newer["info"]["version"] = "2.0.0"
    offering.network.documents[MOBILITY_URL] = newer
    await refresh(offering.control, held)
    await refresh(offering.control, held)  # as a process would that has not heard of it
    assert len(await told(offering, "changed")) == 1


async def test_attaching_and_detaching_are_told(offering: City) -> None:
    offering.clock.advance(1)
    await offering.http.delete("/control/v1/apis/guide")
    found = [(one.api, one.kind) for one in await told(offering, *history.CHANGES)]
    assert found[0] == ("guide", "detached")
    assert {("guide", "attached"), ("mobility", "attached")} <= set(found)
    assert HARMFUL_URL not in await text(offering, "/developers/changes"), "addresses are inside"


async def test_what_will_go_is_announced(offering: City) -> None:
    page = await text(offering, "/developers/changes?lang=en")
    assert "POST /mobility/v1/stops" in page.partition("What changed")[0]


def test_what_nobody_calls_differently_is_no_change() -> None:
    other = deepcopy(MOBILITY)
    other["info"]["description"] = "Buses and trains."
    assert difference(json.dumps(MOBILITY), json.dumps(other)) == {}


async def test_old_states_are_forgotten_before_old_changes(offering: City) -> None:
    offering.network.documents.pop(MOBILITY_URL)
    await again(offering)
    later = offering.control.now() + 31 * 86_400
    async with offering.control.store.write() as connection:
        await history.forget_old(connection, later)
    assert not await told(offering, *history.STATES)
    assert await told(offering, *history.CHANGES)
