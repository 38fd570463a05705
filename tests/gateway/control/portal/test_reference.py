"""The reference: made from others' documents, which are shown as text and as nothing else."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.control.pages.prose import prose
from gateway.control.portal import samples, schema_rows
from tests.gateway.control.city import City
from tests.gateway.control.portal.apis import SCRIPT, STOP

OPERATION = "/developers/apis/mobility/operations"
PAGES = (
    "/developers", "/developers/catalogue", "/developers/datasets/guide-places",
    "/developers/apis", "/developers/apis/guide",
    "/developers/apis/guide/operations/listPlaces", "/developers/status", "/developers/changes",
)  # fmt: skip


async def text(city: City, path: str) -> str:
    answer = await city.http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("path", PAGES)
async def test_what_others_write_stays_text(offering: City, path: str) -> None:
    page = await text(offering, path)
    assert SCRIPT not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page


async def test_an_operation_says_what_it_takes_and_what_it_answers(offering: City) -> None:
    page = await text(offering, f"{OPERATION}/listStops?lang=en")
    assert "when left out: 20" in page, "a parameter that is referred to"
    assert 'href="#schema-Stop"' in page
    assert 'id="schema-Stop"' in page
    assert "As <code>GTFS</code> has it." in page
    assert "place.lat" in page
    assert "one of: stop, station" in page
    assert "open to anybody" in page
    assert "data-token" not in page, "it needs no token, so none is asked for"


async def test_a_call_can_be_copied_and_a_body_has_what_is_required(offering: City) -> None:
    page = await text(offering, f"{OPERATION}/addStop?lang=en")
    assert "curl -s -X POST -H &#34;Authorization: Bearer $TOKEN&#34;" in page
    assert "&#34;stopId&#34;: &#34;&#34;" in page
    assert "deprecated" in page
    assert "mobility:write" in page
    trips = await text(offering, f"{OPERATION}/listTrips")
    assert "https://city.example/mobility/v1/residents/RESIDENT/trips" in trips


async def test_the_operations_of_an_api_can_be_filtered(offering: City) -> None:
    page = await text(offering, "/developers/apis/mobility?q=vehicles")
    assert "listVehicles" in page
    assert "listStops" not in page


async def test_the_platforms_own_pages_are_no_part_of_the_reference(offering: City) -> None:
    page = await text(offering, "/developers/apis/control")
    assert "/oauth/token" in page
    for path in ("/staff/device", "/my/uses", "/developers/catalogue", "/assets/{name}"):
        assert f"GET {path}<" not in page


async def test_what_is_not_there_is_not_found(offering: City) -> None:
    for path in ("/developers/apis/none", f"{OPERATION}/none"):
        assert (await offering.http.get(path)).status_code == 404


async def test_events_are_read_from_the_brokers_document_and_may_be_away(offering: City) -> None:
    acting = offering.app.state.acting
    await acting.close()
    document: Any = {
        "channels": {
            "c": {
                "messages": {
                    "city.a.b.c": {
                        "summary": SCRIPT,
                        "payload": {"schema": {"$ref": "javascript:alert(1)"}},
                        "tags": [{"name": "personal"}],
                    },
                    "odd": 7,
                }
            },
            "d": None,
        }
    }
    answers = [httpx.Response(200, json=document), httpx.Response(200, text="no JSON")]
    acting.gateway = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: answers.pop(0)), base_url="http://gateway"
    )
    page = await text(offering, "/developers/events?lang=en")
    assert "city.a.b.c" in page
    assert "personal" in page
    assert SCRIPT not in page
    assert "javascript:" not in page
    assert "cannot be had now" in await text(offering, "/developers/events?lang=en")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["$ref", "type", "properties", "required", "items", "enum", "anyOf", "allOf", "a",
                 "description", "minimum", "default", "examples", "format"]
            ),
            inner | st.just("#/components/schemas/S") | st.just("array") | st.just("object"),
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(_json)
def test_any_json_in_place_of_a_schema_is_shown_somehow(schema: Any) -> None:
    document = {"components": {"schemas": {"S": schema}}}
    schema_rows.reached(document, schema)
    schema_rows.shown(document, "", schema)
    schema_rows.type_of(schema)
    json.dumps(samples.sample(document, schema))


def test_a_schema_that_holds_itself_is_shown_once() -> None:
    found = schema_rows.reached({"components": {"schemas": {"Stop": STOP}}}, STOP)
    assert [one.name for one in found] == ["Stop"]
    assert [row.name for row in found[0].rows] == ["stopId", "near", "kind", "place", "place.lat"]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("a `b` c", "a <code>b</code> c"),
        ("``x < y``", "<code>x &lt; y</code>"),
        (f"`{SCRIPT}`", "<code>&lt;script&gt;alert(1)&lt;/script&gt;</code>"),
        ("one ` alone <b>", "one ` alone &lt;b&gt;"),
    ],
)
def test_only_code_is_marked_in_what_others_write(given: str, made: str) -> None:
    assert str(prose(given)) == made
