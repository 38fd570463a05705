"""Files that nobody here made go in at the domains, and come out of the open API and the broker.

Each is read a second time by the test, with the standard library, and the two are compared. One
city is used for this alone: what a data holder pushes takes the place of the sample.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest
from google.transit import gtfs_realtime_pb2

from tests.foreign import foreign
from tests.journeys.city import City, running_city, until

NANAO = "disaster/open_shelter_Nanao-shi_2024-01-09-1800.csv"


@pytest.fixture(scope="module")
def holders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city for data holders."""
    with running_city(tmp_path_factory.mktemp("holders")) as city:
        yield city


@pytest.fixture
def api(holders: City) -> Iterator[httpx.Client]:
    """The open API with the operator's token, which may also feed the domains."""
    with holders.client("operator") as http:
        yield http


def put(api: httpx.Client, feed: str, raw: bytes) -> None:
    domain, _, name = feed.partition(".")
    answer = api.put(f"/{domain}/v1/feeds/{name}", content=raw)
    assert answer.status_code == 200, answer.text


def items(api: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(path, params={"limit": 1000, **query})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["total"] == len(page["items"])
    found: list[dict[str, Any]] = page["items"]
    return found


def published(
    city: City, entity_type: str, wanted: list[dict[str, Any]], token: str = ""
) -> dict[str, dict[str, Any]]:
    """The broker's entities once all that the domain serves are there; by id."""
    ids = {item["id"] for item in wanted}

    def all_there() -> dict[str, dict[str, Any]] | None:
        found = {one["id"]: one for one in city.entities(entity_type, token)}
        return found if ids <= found.keys() else None

    return until(all_there, explain=lambda: f"{entity_type} in the broker")


def table(name: str, member: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(foreign(name)) as bundle:
        text = bundle.read(member).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", ["gtfs-sample-feed-1.zip", "bullrunner-gtfs.zip"])
def test_gtfs_stops_and_routes(holders: City, api: httpx.Client, name: str) -> None:
    name = f"mobility/{name}"
    put(api, "mobility.gtfs", foreign(name).read_bytes())
    said = {row["stop_id"]: row for row in table(name, "stops.txt")}
    served = items(api, "/mobility/v1/stops")
    assert {stop["stopId"] for stop in served} == said.keys()
    entities = published(holders, "GtfsStop", served)
    for stop in served:
        row = said[stop["stopId"]]
        assert stop["name"] == row["stop_name"]
        assert stop["location"]["coordinates"] == [float(row["stop_lon"]), float(row["stop_lat"])]
        assert entities[stop["id"]]["name"] == stop["name"]
        assert entities[stop["id"]]["location"] == stop["location"]
    routes = items(api, "/mobility/v1/routes")
    assert {r["routeId"] for r in routes} == {r["route_id"] for r in table(name, "routes.txt")}
    published(holders, "GtfsRoute", routes)


def test_gtfs_realtime_vehicles(holders: City, api: httpx.Client) -> None:
    raw = foreign("mobility/bullrunner-vehicle-positions.pb").read_bytes()
    put(api, "mobility.vehicle-positions", raw)
    said = {e.vehicle.vehicle.id: e for e in gtfs_realtime_pb2.FeedMessage.FromString(raw).entity}
    served = items(api, "/mobility/v1/vehicles")
    assert {vehicle["fleetVehicleId"] for vehicle in served} == said.keys()
    entities = published(holders, "Vehicle", served)
    for vehicle in served:
        position = said[vehicle["fleetVehicleId"]].vehicle.position
        assert vehicle["location"]["coordinates"] == [position.longitude, position.latitude]
        assert entities[vehicle["id"]]["location"] == vehicle["location"]


@pytest.mark.parametrize("name", ["cap-earthquake", "cap-canada"])
def test_cap_alerts(holders: City, api: httpx.Client, name: str) -> None:
    raw = foreign(f"disaster/{name}.xml").read_bytes()
    root = ElementTree.fromstring(raw)  # noqa: S314 - a file that we keep
    namespace = root.tag.partition("}")[0] + "}"

    def text(path: str) -> str:
        return root.findtext("/".join(namespace + step for step in path.split("/"))) or ""

    answer = api.post("/disaster/v1/alerts", content=raw)
    assert answer.status_code in {200, 201}, answer.text
    alert = api.get(f"/disaster/v1/alerts/{answer.json()['id']}").json()
    assert alert["identifier"] == text("identifier")
    assert datetime.fromisoformat(alert["sent"]) == datetime.fromisoformat(text("sent"))
    assert alert["event"] == text("info/event")
    assert alert["headline"] == text("info/headline")
    assert alert["severity"] == text("info/severity").lower()
    assert alert["areas"][0]["name"] == text("info/area/areaDesc")
    entity = published(holders, alert["type"], [alert])[alert["id"]]
    for member in ("identifier", "event", "headline", "severity", "areas", "sent"):
        assert entity[member] == alert[member]
    again = api.post("/disaster/v1/alerts", content=raw)
    assert (again.status_code, again.json()["id"]) == (200, alert["id"])


@pytest.mark.parametrize(
    "name", ["20210216071046_0_VXSE53_270000", "20210216221043_0_VXSE53_010000"]
)
def test_jma_telegrams(holders: City, api: httpx.Client, name: str) -> None:
    raw = foreign(f"disaster/jma-{name}.xml").read_bytes()
    root = ElementTree.fromstring(raw)  # noqa: S314

    def all_text(tag: str) -> list[str]:
        return [(e.text or "").strip() for e in root.iter() if e.tag.endswith("}" + tag)]

    answer = api.post("/disaster/v1/alerts", content=raw)
    assert answer.status_code in {200, 201}, answer.text
    alert = api.get(f"/disaster/v1/alerts/{answer.json()['id']}").json()
    assert all_text("EventID")[0] in alert["identifier"]
    assert datetime.fromisoformat(alert["sent"]) == datetime.fromisoformat(
        all_text("ReportDateTime")[0]
    )
    names = set(all_text("Name"))
    assert alert["areas"]
    assert {area["name"] for area in alert["areas"]} <= names
    entity = published(holders, alert["type"], [alert])[alert["id"]]
    assert entity["areas"] == alert["areas"]


def test_shelters_of_the_noto_earthquake(holders: City, api: httpx.Client) -> None:
    raw = foreign(NANAO).read_bytes()
    put(api, "disaster.shelters", raw)
    said = {row["ID"]: row for row in csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))}
    served = items(api, "/disaster/v1/shelters")
    assert {shelter["shelterId"] for shelter in served} == said.keys()
    entities = published(holders, "Shelter", served)
    for shelter in served:
        row = said[shelter["shelterId"]]
        assert shelter["name"] == row["名称"]
        where = shelter["location"]["coordinates"]
        assert where == [float(row["経度"]), float(row["緯度"])]
        occupants = row["人数_令和6年1月9日午後6時時点"]
        assert shelter.get("occupants") == (int(float(occupants)) if occupants else None)
        entity = entities[shelter["id"]]
        for member in ("name", "location", "occupants", "capacity", "hazards"):
            assert entity.get(member) == shelter.get(member)
    near = items(api, "/disaster/v1/shelters/nearest", lat=37.0418, lon=136.9737, limit=3)
    assert near[0]["name"] == "山王小学校"
    assert near[0]["capacity"] == 480  # 屋内480人／屋外3,350人


@pytest.mark.parametrize(
    "name",
    [
        "Example_9.6.1-ObjectEvent",
        "Example_9.6.3-AggregationEvent",
        "Example_9.6.4-TransformationEvent",
        "EPCISQueryDocument",
    ],
)
def test_epcis_events(holders: City, api: httpx.Client, name: str) -> None:
    raw = foreign(f"logistics/{name}.jsonld").read_bytes()
    body = json.loads(raw)["epcisBody"]
    events = (body.get("queryResults", {}).get("resultsBody") or body)["eventList"]
    answer = api.post("/logistics/v1/capture", content=raw)
    assert answer.status_code == 202, answer.text
    for event in events:
        found = api.get("/logistics/v1/events", params={"EQ_eventID": event["eventID"]}).json()
        assert found["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == [event]
    epcs = [epc for event in events for epc in event.get("epcList", event.get("childEPCs", ()))]
    for epc in epcs[:3]:
        track = api.get(f"/logistics/v1/shipments/{quote(epc, safe='')}/track")
        assert track.status_code == 200, track.text
        known = until(partial(_shipment, holders, epc))
        assert known["epc"] == epc


def _shipment(city: City, epc: str) -> dict[str, Any] | None:
    found = city.entities("Shipment", q=f'epc=="{epc}"')
    return found[0] if found else None


def test_fhir_resources(holders: City, api: httpx.Client) -> None:
    sent = [
        json.loads(foreign(f"medical/{name}-example.json").read_bytes(), parse_float=Decimal)
        for name in ("patient", "observation")
    ]
    for name in ("patient", "observation"):
        answer = api.post(
            "/medical/v1/fhir", content=foreign(f"medical/{name}-example.json").read_bytes()
        )
        assert answer.status_code in {200, 201}, answer.text
    reader = holders.token(*holders.register("entities:read entities:personal"))
    for resource in sent:
        kind, identity = resource["resourceType"], resource["id"]
        wanted = [{"id": f"urn:ngsi-ld:{kind}:{identity}"}]
        entity = published(holders, kind, wanted, reader)[wanted[0]["id"]]
        assert entity["resource"] == resource
    # what is about a person is not shown to whoever may read the rest
    assert holders.entities("Patient") == []


def test_an_iso_20022_payment(holders: City, api: httpx.Client) -> None:
    raw = foreign("payments/pain001_001_08.xml").read_bytes()
    for account, owner in (("50000970", "operator"), ("12345678", "elsewhere")):
        order = {"name": "Foreign", "currency": "GBP", "owner": owner, "openingBalance": "100.00"}
        made = api.put(f"/payments/v1/accounts/{account}", json=order)
        assert made.status_code in {200, 201}, made.text
    report = api.post("/payments/v1/pain001", content=raw, headers={"content-type": "text/xml"})
    assert report.status_code == 200, report.text
    elements = ElementTree.fromstring(report.content).iter()  # noqa: S314
    told = {element.tag.rpartition("}")[2]: element.text or "" for element in elements}
    assert told["OrgnlMsgId"] == "test-160620"
    assert told["GrpSts"] == "ACSC"
    payment = api.get(f"/payments/v1/payments/{told['AcctSvcrRef']}").json()
    assert (Decimal(payment["amount"]), payment["currency"]) == (Decimal(10), "GBP")
    assert payment["creditor"]["name"] == "Creditor account name"
    assert payment["debtor"]["name"] == "UFXQHBE"
    personal = holders.token(*holders.register("entities:read entities:personal"))
    entity = published(holders, "Payment", [payment], personal)[payment["id"]]
    assert Decimal(entity["amount"]) == Decimal(10)
    assert entity["creditor"] == payment["creditor"]
    again = api.post("/payments/v1/pain001", content=raw, headers={"content-type": "text/xml"})
    assert again.content == report.content


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">'
    b'<!ENTITY x SYSTEM "file:///etc/passwd">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
    b"<identifier>&c;&x;</identifier></alert>"
)


def without_column(raw: bytes, column: str) -> bytes:
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    at = rows[0].index(column)
    out = io.StringIO()
    csv.writer(out).writerows([*row[:at], *row[at + 1 :]] for row in rows)
    return out.getvalue().encode()


def rezipped(raw: bytes, member: str, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as bundle, zipfile.ZipFile(out, "w") as changed:
        for name in bundle.namelist():
            content = bundle.read(name)
            if name == member:
                assert old in content
                content = content.replace(old, new)
            changed.writestr(name, content)
    return out.getvalue()


def broken() -> list[tuple[str, str, Any, str]]:
    """Domain's path, foreign file, what is done to it, what the refusal must name."""
    gtfs, feed = "mobility/gtfs-sample-feed-1.zip", "/mobility/v1/feeds/gtfs"
    shelters = "/disaster/v1/feeds/shelters"
    return [
        (feed, gtfs, lambda raw: raw[: len(raw) // 2], "zip"),
        (feed, gtfs, lambda raw: rezipped(raw, "stops.txt", b"stop_id", b"stop"), "stops.txt"),
        (feed, gtfs, lambda raw: rezipped(raw, "trips.txt", b"AAMV1", b"GHOST"), "stop_times.txt"),
        (feed, gtfs, lambda raw: rezipped(raw, "stops.txt", b"Nye", b"\xff\xfe"), "stops.txt"),
        (shelters, NANAO, lambda raw: without_column(raw, "名称"), "名称"),
        (shelters, NANAO, lambda raw: raw.decode("utf-8-sig").encode("utf-16"), ""),
        ("/disaster/v1/alerts", "disaster/cap-canada.xml", lambda raw: raw[:-200], "line"),
        ("/disaster/v1/alerts", "disaster/cap-canada.xml", lambda _: BOMB, ""),
    ]


@pytest.mark.parametrize(("path", "name", "damage", "names"), broken())
def test_what_is_broken_is_refused_with_its_place_and_the_rest_stays(
    api: httpx.Client, path: str, name: str, damage: Any, names: str
) -> None:
    raw = foreign(name).read_bytes()
    method = "PUT" if "/feeds/" in path else "POST"
    good = api.request(method, path, content=raw)
    assert good.is_success, good.text
    listing = {"/mobility/v1/feeds/gtfs": "/mobility/v1/stops"}.get(path, "/disaster/v1/shelters")
    before = items(api, listing)
    refused = api.request(method, path, content=damage(raw))
    assert refused.status_code == 422, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    fault = refused.json()["errors"][0]
    assert fault["where"]
    assert fault["what"]
    assert names in refused.text
    assert "root:" not in refused.text
    assert {i["id"] for i in items(api, listing)} == {i["id"] for i in before}
