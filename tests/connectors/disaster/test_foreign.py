"""Files that we did not make go in and come out the same, as an independent reading says."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from connectors.disaster.connector import DisasterConnector
from tests.connectors.harness import Running, running
from tests.foreign import foreign

CAPS = ("disaster/cap-canada.xml", "disaster/cap-earthquake.xml")
JMAS = (
    "disaster/jma-20210216071046_0_VXSE53_270000.xml",
    "disaster/jma-20210216221043_0_VXSE53_010000.xml",
)
CSV = "disaster/open_shelter_Nanao-shi_2024-01-09-1800.csv"


def root_of(path: Path) -> ElementTree.Element:
    """The document with namespaces taken off."""
    root = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - a file of our own choosing
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text(root: ElementTree.Element, path: str) -> str:
    return (root.findtext(path) or "").strip()


async def in_and_out(run: Running, path: Path) -> dict[str, Any]:
    """Post a document; what the API then serves and the broker is told must agree with it."""
    posted = await run.api.post("/disaster/v1/alerts", content=path.read_bytes())
    assert posted.status_code == 201, posted.text
    alert: dict[str, Any] = posted.json()
    served = await run.api.get("/disaster/v1/alerts", params={"state": "all"})
    assert served.json()["items"] == [alert]
    await run.said.until(lambda said: alert["id"] in said.entities() and said.events())
    entity, (event,) = run.said.entities()[alert["id"]], run.said.events()
    for name, value in alert.items():
        if name not in ("id", "type", "observedAt"):
            assert entity[name]["value"] == value
            assert event["data"][name] == value
    return alert


@pytest.mark.parametrize("name", CAPS)
async def test_a_cap_alert_comes_out_the_same(name: str, tmp_path: Path) -> None:
    path = foreign(name)
    root = root_of(path)
    async with running(DisasterConnector, tmp_path) as run:
        alert = await in_and_out(run, path)
    for member in ("identifier", "sender"):
        assert alert[member] == text(root, member)
    assert datetime.fromisoformat(alert["sent"]) == datetime.fromisoformat(text(root, "sent"))
    for member in ("event", "headline", "description", "web"):
        assert alert[member] == text(root, f"info/{member}")
    for member in ("severity", "urgency", "certainty", "category"):
        assert alert[member] == text(root, f"info/{member}").lower()
    expires = datetime.fromisoformat(text(root, "info/expires"))
    assert datetime.fromisoformat(alert["expires"]) == expires
    assert len(alert["texts"]) == len(root.findall("info"))
    areas = root.find("info").findall("area")  # type: ignore[union-attr]
    assert [a["name"] for a in alert["areas"]] == [text(a, "areaDesc") for a in areas]
    for said, told in zip(alert["areas"], areas, strict=True):
        codes = [(text(g, "valueName"), text(g, "value")) for g in told.findall("geocode")]
        assert [(c["scheme"], c["value"]) for c in said["codes"]] == codes
        pairs = [pair.split(",") for pair in text(told, "polygon").split()]
        ring = [[float(lon), float(lat)] for lat, lon in pairs]
        assert (ring == []) == (said["geometry"]["type"] == "Point")
        assert ring == [] or said["geometry"]["coordinates"] == [ring]


async def test_the_epicentre_of_a_cap_quake_is_its_circle_s_centre(tmp_path: Path) -> None:
    async with running(DisasterConnector, tmp_path) as run:
        alert = await in_and_out(run, foreign(CAPS[1]))
    assert alert["location"] == {"type": "Point", "coordinates": [-173.274, -16.053]}
    assert {"name": "Magnitude", "value": "6.3"} in alert["parameters"]


@pytest.mark.parametrize("name", JMAS)
async def test_a_jma_telegram_comes_out_the_same(name: str, tmp_path: Path) -> None:
    path = foreign(name)
    root = root_of(path)
    async with running(DisasterConnector, tmp_path) as run:
        alert = await in_and_out(run, path)
    assert alert["headline"] == text(root, "Head/Headline/Text")
    assert alert["status"] == "actual"
    reported = datetime.fromisoformat(text(root, "Head/ReportDateTime"))
    assert datetime.fromisoformat(alert["sent"]) == reported
    origin = datetime.fromisoformat(text(root, "Body/Earthquake/OriginTime"))
    assert datetime.fromisoformat(alert["onset"]) == origin
    cities = root.findall("Body/Intensity/Observation/Pref/Area/City")
    assert [(a["name"], a["codes"][0]["value"], a["level"]) for a in alert["areas"]] == [
        (text(c, "Name"), text(c, "Code"), f"震度{text(c, 'MaxInt')}") for c in cities
    ]
    parameters = {p["name"]: p["value"] for p in alert["parameters"]}
    assert parameters["EventID"] == text(root, "Head/EventID")
    assert parameters["Magnitude"] == text(root, "Body/Earthquake/Magnitude")
    assert parameters["Hypocenter"] == text(root, "Body/Earthquake/Hypocenter/Area/Name")
    where = text(root, "Body/Earthquake/Hypocenter/Area/Coordinate")
    longitude, latitude = alert["location"]["coordinates"]
    assert where.startswith(f"{latitude:+}{longitude:+}")


async def test_shelters_come_out_the_same(tmp_path: Path) -> None:
    path = foreign(CSV)
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    async with running(DisasterConnector, tmp_path) as run:
        put = await run.api.put("/disaster/v1/feeds/shelters", content=path.read_bytes())
        assert put.status_code == 200, put.text
        items = (await run.api.get("/disaster/v1/shelters")).json()["items"]
        await run.said.until(lambda said: len(said.entities()) == len(lines) == 29)
        entities = run.said.entities()
    people = next(name for name in lines[0] if name.startswith("人数"))
    for shelter, line in zip(items, lines, strict=True):
        assert shelter["shelterId"] == line["ID"]
        assert shelter["name"] == line["名称"]
        assert shelter["location"]["coordinates"] == [float(line["経度"]), float(line["緯度"])]
        assert shelter["occupants"] == int(line[people])
        assert shelter["open"] is True
        at = datetime(2024, 1, 9, 9, 0, tzinfo=UTC)  # 令和6年1月9日午後6時
        assert datetime.fromisoformat(shelter["observedAt"]) == at
        assert ("flood" in shelter["hazards"]) == (line["災害種別_洪水"] == "1.0")
        assert ("tsunami" in shelter["hazards"]) == (line["災害種別_津波"] == "1.0")
        told = line["想定収容人数"].partition("人")[0].removeprefix("屋内").replace(",", "")
        assert shelter.get("capacity") == (int(told) if told else None)
        assert entities[shelter["id"]]["name"]["value"] == line["名称"]
        assert entities[shelter["id"]]["location"]["value"] == shelter["location"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
async def test_shelters_are_read_in_either_encoding(encoding: str, tmp_path: Path) -> None:
    raw = foreign(CSV).read_bytes().decode("utf-8-sig")
    # this sign is not in Shift_JIS; municipalities write the simpler one there
    encoded = raw.replace("吞", "呑").encode(encoding)
    async with running(DisasterConnector, tmp_path) as run:
        put = await run.api.put("/disaster/v1/feeds/shelters", content=encoded)
        assert put.status_code == 200
        first = (await run.api.get("/disaster/v1/shelters/CC0000000518")).json()
        assert (first["name"], first["capacity"], first["outdoorCapacity"]) == (
            "山王小学校",
            480,
            3350,
        )


BROKEN = [
    (lambda raw: raw[: len(raw) // 2], "line "),
    (lambda raw: raw.replace("緯度,".encode(), b"lat,", 1), "line 1 緯度"),
    (lambda raw: raw.replace(b"37.04185", b"137.04185", 1), "line 2 緯度"),
    (lambda raw: raw.replace(b"37.04826", b"north", 1), "line 3 緯度"),
    (lambda raw: raw.replace(b"CC0000000504", b"CC0000000518", 1), "line 3 ID"),
    (lambda raw: raw.replace("山王小学校".encode(), b"\xff\xfe", 1), "line 2"),
    (lambda raw: raw.decode("utf-8-sig").encode("utf-16"), "line 1"),
]


@pytest.mark.parametrize(("damage", "where"), BROKEN)
async def test_a_broken_file_is_refused_and_the_one_before_stays(
    damage: Any, where: str, tmp_path: Path
) -> None:
    raw = foreign(CSV).read_bytes()
    url = "/disaster/v1/feeds/shelters"
    async with running(DisasterConnector, tmp_path) as run:
        await run.api.put(url, content=raw)
        refused = await run.api.put(url, content=damage(raw))
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["where"].startswith(where), refused.json()["errors"]
        assert (await run.api.get("/disaster/v1/shelters")).json()["total"] == 29


async def test_an_attack_by_entity_on_a_foreign_alert_is_refused(tmp_path: Path) -> None:
    raw = foreign(CAPS[0]).read_bytes()
    attack = b'?><!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    raw = raw.replace(b"?>", attack, 1).replace(b"Environment Canada", b"&x;", 1)
    async with running(DisasterConnector, tmp_path) as run:
        refused = await run.api.post("/disaster/v1/alerts", content=raw)
        assert refused.status_code == 422
        assert "document type declarations are not accepted" in refused.text
        assert (await run.api.get("/disaster/v1/alerts?state=all")).json()["total"] == 0


async def test_old_alerts_are_expired_from_the_start(tmp_path: Path) -> None:
    async with running(DisasterConnector, tmp_path) as run:
        alert = await in_and_out(run, foreign(CAPS[0]))
        assert alert["state"] == "expired"
        assert datetime.fromisoformat(alert["expires"]) < datetime.now(UTC) - timedelta(days=1)
        assert (await run.api.get("/disaster/v1/alerts")).json()["total"] == 0
