from __future__ import annotations

import httpx
import pytest

from tests.services.broker.context.samples import ENTITIES, place, prop, upsert, vehicle


@pytest.fixture
async def city(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """Three vehicles and a stop."""
    await upsert(
        api,
        vehicle(
            "a",
            speed=prop(10, unitCode="KMH", observedAt="2026-04-01T00:00:00Z"),
            name=prop("Alpha"),
            full=prop(True),
            address=prop({"city": "みらい市", "floors": {"top": 3}}),
            tags=prop(["red", "old"]),
            location=place(139.880, 36.550),
        ),
        vehicle(
            "b",
            speed=prop(20.5, observedAt="2026-05-01T00:00:00Z", accuracy=prop(2)),
            name={"type": "LanguageProperty", "languageMap": {"ja": "乙", "en": "Beta"}},
            full=prop(False),
            due=prop({"@type": "DateTime", "@value": "2026-06-01T00:00:00Z"}),
            location=place(139.890, 36.550),
        ),
        vehicle(
            "c",
            speed=[prop("fast"), prop(99, datasetId="urn:d:gps")],
            stop={"type": "Relationship", "object": ["urn:ngsi-ld:Stop:1", "urn:ngsi-ld:Stop:2"]},
            location=place(140.5, 36.0),
        ),
        {
            "id": "urn:ngsi-ld:Stop:1",
            "type": ["Stop", "Place"],
            "name": prop("Station"),
            "location": {
                "type": "GeoProperty",
                "value": {
                    "type": "LineString",
                    "coordinates": [[139.87, 36.56], [139.89, 36.56]],
                },
            },
        },
    )
    return api


async def found(api: httpx.AsyncClient, **params: str) -> str:
    """The last parts of the ids found, in the order of the answer."""
    answer = await api.get(ENTITIES, params=params)
    assert answer.status_code == 200, answer.text
    return "".join(entity["id"].rpartition(":")[2] for entity in answer.json())


QUERIES = [
    ("speed", "abc"),
    ("nothing", ""),
    ("speed==10", "a"),
    ("speed!=10", "bc"),
    ("speed>10", "bc"),
    ("speed>=10", "abc"),
    ("speed<20.5", "a"),
    ("speed<=20.5", "ab"),
    ("speed==10..20.5", "ab"),
    ("speed==10,20.5", "ab"),
    ("speed!=10,20.5", "c"),
    ('speed=="fast"', "c"),
    ("speed==true", ""),
    ("full==true", "a"),
    ("full!=true", "b"),
    ('name=="Alpha"', "a"),
    ('name=="Beta"', "b"),
    ('name=="乙"', "b"),
    ('name>"Alpha"', "b1"),
    ("name~=^Al", "a"),
    ("name!~=^Al", "b1"),
    ('name~="乙|Station"', "b1"),
    ("tags==old", "a"),
    ('tags=="red","blue"', "a"),
    ("tags!=red", ""),
    ('address[city]=="みらい市"', "a"),
    ("address[floors.top]>2", "a"),
    ("address[floors.top]>3", ""),
    ("address[nothing]", ""),
    ("address[city]", "a"),
    ('address=="みらい市"', ""),
    ("speed.accuracy==2", "b"),
    ("speed.accuracy", "b"),
    ("speed.observedAt>2026-04-15T00:00:00Z", "b"),
    ('speed.unitCode=="KMH"', "a"),
    ("due>2026-05-31T00:00:00Z", "b"),
    ("due==2026-06-01T00:00:00Z", "b"),
    ("stop==urn:ngsi-ld:Stop:2", "c"),
    ("speed>5;full==false", "b"),
    ("full==true|stop", "ac"),
    ("full==true|stop;speed==99", "ac"),
    ("(full==true|stop);speed==99", "c"),
    ('(name=="Alpha"|name=="Beta");speed<15', "a"),
    ("location", "1abc"),
]


async def test_q(city: httpx.AsyncClient) -> None:
    answers = {q: "".join(sorted(await found(city, q=q))) for q, _ in QUERIES}
    assert answers == {q: "".join(sorted(expected)) for q, expected in QUERIES}


CONDITIONS: list[tuple[dict[str, str], str]] = [
    ({"type": "Vehicle"}, "abc"),
    ({"type": "Vehicle,Stop"}, "1abc"),
    ({"type": "Place"}, "1"),
    ({"type": "https://uri.etsi.org/ngsi-ld/default-context/Vehicle"}, "abc"),
    ({"type": "Nothing"}, ""),
    ({"id": "urn:ngsi-ld:Vehicle:a,urn:ngsi-ld:Vehicle:c", "local": "true"}, "ac"),
    ({"idPattern": "Vehicle:[ab]$", "local": "true"}, "ab"),
    ({"attrs": "stop"}, "c"),
    ({"attrs": "stop,full"}, "abc"),
    ({"type": "Vehicle", "q": "full==true", "idPattern": "b$"}, ""),
]


async def test_conditions(city: httpx.AsyncClient) -> None:
    answers = [(p, "".join(sorted(await found(city, **p)))) for p, _ in CONDITIONS]
    assert answers == CONDITIONS


async def test_near_gives_the_nearest_first(city: httpx.AsyncClient) -> None:
    near = {"geometry": "Point", "coordinates": "[139.8801,36.55]"}
    assert await found(city, georel="near;maxDistance==1200", **near) == "ab1"
    assert await found(city, georel="near;maxDistance==100", **near) == "a"
    assert await found(city, georel="near;minDistance==10000", **near) == "c"
    both = {"georel": "near;maxDistance==2000", **near}
    assert await found(city, type="Vehicle", q="full==false", **both) == "b"


async def test_within_a_polygon(city: httpx.AsyncClient) -> None:
    ring = "[[[139.87,36.54],[139.885,36.54],[139.885,36.57],[139.87,36.57],[139.87,36.54]]]"
    inside = {"georel": "within", "geometry": "Polygon", "coordinates": ring}
    assert await found(city, **inside) == "a"


async def test_pages_and_their_count(city: httpx.AsyncClient) -> None:
    first = await city.get(ENTITIES, params={"type": "Vehicle", "limit": "2", "count": "true"})
    assert first.headers["ngsild-results-count"] == "3"
    assert 'rel="next"' in first.headers["link"]
    following = first.headers["link"].partition("<")[2].partition(">")[0]
    second = await city.get(following)
    assert [e["id"][-1] for e in (*first.json(), *second.json())] == ["a", "b", "c"]
    assert 'rel="prev"' in second.headers["link"]
    assert 'rel="next"' not in second.headers["link"]
    none = await city.get(ENTITIES, params={"type": "Vehicle", "limit": "0", "count": "true"})
    assert (none.json(), none.headers["ngsild-results-count"]) == ([], "3")


async def test_near_is_counted_and_paged_too(city: httpx.AsyncClient) -> None:
    near = {
        "georel": "near;maxDistance==5000",
        "geometry": "Point",
        "coordinates": "[139.88,36.55]",
        "limit": "1",
        "count": "true",
    }
    answer = await city.get(ENTITIES, params={**near, "offset": "1"})
    assert answer.headers["ngsild-results-count"] == "3"
    assert len(answer.json()) == 1


@pytest.mark.parametrize("step", [0.00003, 0.002])  # degrees: 3 m apart, and 180 m
async def test_near_finds_the_same_whatever_else_is_there(
    api: httpx.AsyncClient, step: float
) -> None:
    """Where what is nearest meets the other conditions, where little of it does, and where none."""
    row = "abcdefghij"
    kinds = {name: "Taxi" if name in "dh" else "Vehicle" for name in row}
    for number, name in enumerate(row):
        location = place(139.88 + number * step, 36.55)
        await upsert(api, {**vehicle(name, location=location), "type": kinds[name]})
    near = {
        "georel": "near;maxDistance==50000",
        "geometry": "Point",
        "coordinates": "[139.88,36.55]",
    }
    for limit in ("1", "3", "5", "8"):
        for kind, expected in (("Vehicle", "abcefgij"), ("Taxi", "dh"), ("Vehicle,Taxi", row)):
            page = {**near, "limit": limit, "type": kind}
            assert await found(api, **page) == expected[: int(limit)], (limit, kind)
            rest = await found(api, **page, offset=limit)
            assert rest == expected[int(limit) : 2 * int(limit)], (limit, kind)
    far = {**near, "georel": "near;minDistance==1", "local": "true", "limit": "3"}
    assert await found(api, **far) == "bcd"


async def test_only_the_attributes_asked_for_are_shown(city: httpx.AsyncClient) -> None:
    answer = await city.get(ENTITIES, params={"attrs": "full", "options": "keyValues"})
    assert answer.json() == [vehicle("a", full=True), vehicle("b", full=False)]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": "speed=="},
        {"q": 'name=="a\\u0000b"'},
        {"type": "Veh\x00icle"},
        {"idPattern": "a\x00"},
        {"q": "speed>"},
        {"q": "(speed>1"},
        {"q": "speed>1)"},
        {"q": ";"},
        {"q": 'name=="a'},
        {"q": "a..b"},
        {"q": "speed==1.."},
        {"q": "speed==1..x"},
        {"q": "name~=["},
        {"q": "a[b"},
        {"type": "Vehicle;(Stop)"},
        {"id": "no uri"},
        {"idPattern": "("},
        {"type": "Vehicle", "limit": "-1"},
        {"type": "Vehicle", "limit": "x"},
        {"type": "Vehicle", "limit": "0"},
        {"type": "Vehicle", "format": "xml"},
        {"georel": "near;maxDistance==1"},
        {"georel": "near", "geometry": "Point", "coordinates": "[1,2]"},
        {"georel": "near;maxDistance==1", "geometry": "Point", "coordinates": "[1"},
        {"georel": "near;maxDistance==1", "geometry": "Point", "coordinates": "[1,91]"},
        {"georel": "touches", "geometry": "Point", "coordinates": "[1,2]"},
    ],
)
async def test_what_cannot_be_asked_is_refused(
    api: httpx.AsyncClient, params: dict[str, str]
) -> None:
    answer = await api.get(ENTITIES, params=params)
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"].startswith("https://uri.etsi.org/ngsi-ld/errors/")


@pytest.mark.parametrize(
    "params",
    [
        {"type": "Vehicle", "limit": "1001"},
        {"idPattern": "(a+)+$"},
        {"idPattern": "(?=a)"},
        {"idPattern": "a*b*c*d*"},
        {"q": 'name~="(x*)*y"'},
        {"q": "|".join("a==1" for _ in range(50))},
        {"q": "(" * 12 + "a" + ")" * 12},
    ],
)
async def test_what_would_take_too_long_is_refused(
    api: httpx.AsyncClient, params: dict[str, str]
) -> None:
    answer = await api.get(ENTITIES, params=params)
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("text", ["'; DROP TABLE entities; --", ":x", "%", "\\", '"', "$.a", "@"])
async def test_a_text_is_only_ever_a_text(city: httpx.AsyncClient, text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert await found(city, q=f'name=="{quoted}"') == ""
    await upsert(city, vehicle("odd", name=prop(text)))
    assert await found(city, q=f'name=="{quoted}"') == "odd"
