"""The catalogue: for people by pages, for programs as DCAT-AP, at the same addresses."""

from __future__ import annotations

from typing import Any

import pytest
from pyld import jsonld

from gateway.control.portal.negotiation import preferred
from tests.gateway.control.city import City

CATALOGUE = "/developers/catalogue"
DCAT = "http://www.w3.org/ns/dcat#"
DCT = "http://purl.org/dc/terms/"


async def text(city: City, path: str) -> str:
    answer = await city.http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_the_first_page_says_what_there_is_and_how_to_call_it(offering: City) -> None:
    page = await text(offering, "/developers?lang=en")
    assert "curl -s https://city.example/mobility/v1/stops\n" in page.replace("</code>", "\n")
    assert "All APIs are fine" in page
    assert "<dt>Data sets</dt><dd>5</dd>" in page
    assert "<dt>of them personal</dt><dd>2</dd>" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=stops", ["stops"]),
        ("q=ＢＵＳＥＳ", ["stops"]),
        ("q=日時", ["trips"]),
        ("q=gtfs+where", ["stops"]),
        ("q=gtfs+nothing", []),
        ("domain=mobility", ["stops", "vehicles", "trips"]),
        ("domain=mobility&class=personal", ["trips"]),
        ("class=personal&q=audit", ["access-trail"]),
        ("domain=nowhere", []),
        ("q=" + "a" * 5_000, []),
    ],
)
async def test_data_sets_are_found_by_words_and_facets(
    offering: City, query: str, found: list[str]
) -> None:
    page = await text(offering, f"{CATALOGUE}?{query}")
    links = [part.partition('"')[0] for part in page.split('href="/developers/datasets/')[1:]]
    assert links == found


async def test_a_data_set_says_what_it_is_and_who_may_use_it(offering: City) -> None:
    page = await text(offering, "/developers/datasets/trips?lang=en")
    for said in ("Trips of a resident", "Places", "Only with the resident", "Not licensed"):
        assert said in page
    assert "GET /mobility/v1/residents/{resident}/trips" in page
    assert "fetched, and follows the rules" in page
    stops = await text(offering, "/developers/datasets/stops?lang=en")
    assert "2 of 2" in stops, "both operations say what they answer"
    assert "CC BY 4.0" in stops
    assert (await offering.http.get("/developers/datasets/none")).status_code == 404


async def test_the_same_address_gives_programs_dcat_ap(offering: City) -> None:
    answer = await offering.http.get(CATALOGUE, headers={"accept": "application/ld+json"})
    assert answer.headers["content-type"] == "application/ld+json"
    assert "Accept" in answer.headers["vary"]
    (found,) = jsonld.expand(answer.json())
    assert found["@type"] == [f"{DCAT}Catalog"]
    by_id = {one["@id"]: one for one in found[f"{DCAT}dataset"]}
    stops = by_id["https://city.example/developers/datasets/stops"]
    _has_what_dcat_ap_demands(found, stops)
    said = {one["@language"]: one["@value"] for one in stops[f"{DCT}title"]}
    assert said == {"ja": "停留所", "en": "Stops"}
    assert stops[f"{DCT}accrualPeriodicity"][0]["@id"].endswith("/frequency/DAILY")
    assert stops[f"{DCT}accessRights"][0]["@id"].endswith("/PUBLIC")
    (at,) = stops[f"{DCAT}distribution"]
    assert {one["@id"] for one in at[f"{DCAT}accessURL"]} == {
        "https://city.example/mobility/v1/stops"
    }
    trips = by_id["https://city.example/developers/datasets/trips"]
    assert trips[f"{DCT}accessRights"][0]["@id"].endswith("/RESTRICTED")
    one = await offering.http.get(
        "/developers/datasets/stops", headers={"accept": "application/ld+json"}
    )
    assert jsonld.expand(one.json())[0]["@id"] == stops["@id"]


def _has_what_dcat_ap_demands(catalogue: Any, dataset: Any) -> None:
    """The properties that the profile makes mandatory, of each class."""
    assert {f"{DCT}title", f"{DCT}description", f"{DCT}publisher"} <= catalogue.keys()
    assert {f"{DCT}title", f"{DCT}description"} <= dataset.keys()
    assert all(f"{DCAT}accessURL" in one for one in dataset[f"{DCAT}distribution"])
    for service in catalogue[f"{DCAT}service"]:
        assert {f"{DCT}title", f"{DCAT}endpointURL"} <= service.keys()


async def test_turtle_says_the_same_and_others_cannot_add_to_it(offering: City) -> None:
    answer = await offering.http.get(CATALOGUE, headers={"accept": "text/turtle"})
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
    (again,) = [jsonld.from_rdf(answer.text, {"format": "application/n-quads"})]
    subjects = {one["@id"] for one in again}
    assert "https://city.example/developers/datasets/stops" in subjects
    assert "urn:a" not in subjects, "a licence is one term, whatever it looks like"
    assert "javascript:" not in [one["@id"] for one in again]


async def test_a_person_can_look_at_it_in_a_browser_too(offering: City) -> None:
    accept = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = await offering.http.get(CATALOGUE, headers=accept)
    assert page.headers["content-type"].startswith("text/html")
    data = await offering.http.get(f"{CATALOGUE}?format=jsonld", headers=accept)
    assert data.headers["content-type"] == "application/ld+json"


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("application/ld+json", "application/ld+json"),
        ("text/html;q=0.5, application/ld+json;q=0.8", "application/ld+json"),
        ("text/*;q=0.9, application/ld+json;q=0.8", "text/html"),
        ("text/html;q=0, */*", "application/ld+json"),
        ("image/png", "text/html"),
        ("application/ld+json;q=nonsense", "text/html"),
        ("APPLICATION/LD+JSON; profile=x", "application/ld+json"),
    ],
)
def test_what_a_client_likes_best(accept: str, best: str) -> None:
    assert preferred(accept, ("text/html", "application/ld+json")) == best
