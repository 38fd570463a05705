"""Geo-queries (GS CIM 009 §4.10)."""

from __future__ import annotations

import orjson
import pytest

from tests.services.broker.conformance.query.city import City, at, geo, names, prop, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

SQUARE = [[[10, 10], [12, 10], [12, 12], [10, 12], [10, 10]]]
INNER = [[[10.5, 10.5], [11, 10.5], [11, 11], [10.5, 11], [10.5, 10.5]]]
ACROSS = [[[11, 11], [14, 11], [14, 14], [11, 14], [11, 11]]]
FAR = [[[40, 40], [41, 40], [41, 41], [40, 41], [40, 40]]]


async def where(city: City, georel: str, kind: str, coordinates: object, **more: str) -> str:
    text = orjson.dumps(coordinates).decode()
    return await city.find(georel=georel, geometry=kind, coordinates=text, **more)


async def _places(city: City) -> None:
    await city.has(
        across={"location": geo("Polygon", ACROSS)},
        corner={"location": at(10, 10)},
        far={"location": geo("MultiPolygon", [FAR])},
        inner={"location": geo("Polygon", INNER)},
        line={"location": geo("LineString", [[9, 11], [13, 11]])},
        lines={"location": geo("MultiLineString", [[[10.1, 10.1], [10.2, 10.2]]])},
        point={"location": at(11, 11.5)},
        points={"location": geo("MultiPoint", [[11, 11.5], [50, 50]])},
        same={"location": geo("Polygon", SQUARE)},
        nowhere={"n": prop(1)},
    )


@pytest.mark.parametrize(
    ("georel", "kind", "coordinates", "expected"),
    [
        ("within", "Polygon", SQUARE, "inner lines point same"),
        ("within", "MultiPolygon", [SQUARE, FAR], "far inner lines point same"),
        (
            "intersects",
            "Polygon",
            SQUARE,
            "across corner inner line lines point points same",
        ),
        ("disjoint", "Polygon", SQUARE, "far"),
        ("contains", "Point", [10.7, 10.7], "inner same"),
        ("contains", "LineString", [[10.6, 10.6], [10.8, 10.8]], "inner same"),
        ("equals", "Polygon", SQUARE, "same"),
        ("equals", "Point", [11, 11.5], "point"),
        ("equals", "MultiPoint", [[50, 50], [11, 11.5]], "points"),
        ("overlaps", "Polygon", SQUARE, "across"),
        ("intersects", "MultiLineString", [[[39, 40.5], [42, 40.5]]], "far"),
    ],
)
async def test_relations(
    city: City, georel: str, kind: str, coordinates: object, expected: str
) -> None:
    """§4.10, as OGC Simple Features has them."""
    await _places(city)
    assert await where(city, georel, kind, coordinates) == expected


async def test_near_from_a_point(city: City) -> None:
    """§4.10: within the buffer, or disjoint with it; the nearest come first."""
    await city.has(
        a={"location": at(139.88, 36.55)},
        b={"location": at(139.89, 36.55)},
        c={"location": at(140.5, 36.0)},
        d={"location": geo("LineString", [[139.87, 36.56], [139.89, 36.56]])},
    )
    here = [139.8801, 36.55]
    assert await where(city, "near;maxDistance==1200", "Point", here) == "a b d"
    assert await where(city, "near;maxDistance==100.5", "Point", here) == "a"
    assert await where(city, "near;minDistance==1000", "Point", here) == "d c"
    assert await where(city, "near;maxDistance==1e6", "Point", here) == "a b d c"
    assert await where(city, "near;maxDistance==1200", "Point", here, limit="1", offset="1") == "b"


async def test_near_from_a_line(city: City) -> None:
    await city.has(a={"location": at(10.5, 0.001)}, b={"location": at(12, 0)})
    line = [[10, 0], [11, 0]]
    assert await where(city, "near;maxDistance==200", "LineString", line) == "a"
    assert await where(city, "near;minDistance==200", "LineString", line) == "b"


async def test_another_property_than_location(city: City) -> None:
    """§4.10: geoproperty; entities without it do not match."""
    await city.has(
        a={"observationSpace": at(11, 11), "location": at(50, 50)}, b={"location": at(11, 11)}
    )
    assert await where(city, "within", "Polygon", SQUARE) == "b"
    assert await where(city, "within", "Polygon", SQUARE, geoproperty="observationSpace") == "a"


async def test_a_geo_property_of_a_property(city: City) -> None:
    await city.has(a={"n": prop(1, place=at(11, 11))}, b={"n": prop(1, place=at(50, 50))})
    assert await where(city, "within", "Polygon", SQUARE, geoproperty="n.place") == "a"


async def test_one_instance_of_several_is_enough(city: City) -> None:
    """§5.7.2.4."""
    away, here = at(50, 50), at(11, 11)
    await city.has(a={"location": [away, {**here, "datasetId": "urn:d:1"}]})
    assert await where(city, "within", "Polygon", SQUARE) == "a"
    assert await where(city, "near;maxDistance==10", "Point", [11, 11]) == "a"


async def test_a_hole_is_outside(city: City) -> None:
    await city.has(a={"location": at(10.7, 10.7)}, b={"location": at(11.5, 11.5)})
    assert await where(city, "within", "Polygon", [SQUARE[0], INNER[0]]) == "b"


async def test_what_moves_is_found_where_it_is(city: City) -> None:
    await city.has(a={"location": at(11, 11)})
    moved = {"location": at(40.5, 40.5)}
    done = await city.api.patch(f"/ngsi-ld/v1/entities/{city.id('a')}/attrs", json=moved)
    assert done.status_code == 204
    assert await where(city, "within", "Polygon", SQUARE) == ""
    assert await where(city, "within", "Polygon", FAR) == "a"
    await city.api.delete(f"/ngsi-ld/v1/entities/{city.id('a')}")
    assert await where(city, "within", "Polygon", FAR) == ""


async def test_many_are_paged_and_counted(city: City) -> None:
    await city.has(**{f"p{i:02}": {"location": at(10.5 + i / 100, 11)} for i in range(30)})
    inside = {"georel": "within", "geometry": "Polygon", "coordinates": str(SQUARE)}
    answer = await city.get(**inside, limit="5", offset="10", count="true")
    assert names(answer) == "p10 p11 p12 p13 p14"
    assert answer.headers["ngsild-results-count"] == "30"
    near = {"georel": "near;maxDistance==900000", "geometry": "Point", "coordinates": "[10.5,11]"}
    answer = await city.get(**near, limit="3", offset="3", count="true")
    assert names(answer) == "p03 p04 p05"
    assert answer.headers["ngsild-results-count"] == "30"


@pytest.mark.parametrize(
    ("georel", "kind", "coordinates"),
    [
        ("near", "Point", "[1,2]"),
        ("near;maxDistance==0", "Point", "[1,2]"),
        ("near;maxDistance==-5", "Point", "[1,2]"),
        ("near;maxDistance=5", "Point", "[1,2]"),
        ("near;maxDistance==5;minDistance==1", "Point", "[1,2]"),
        ("touches", "Point", "[1,2]"),
        ("within", "Circle", "[1,2]"),
        ("within", "GeometryCollection", "[]"),
        ("within", "Polygon", "[[[0,0],[1,1],[0,0]]]"),
        ("within", "Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]"),
        ("within", "LineString", "[[0,0]]"),
        ("within", "Point", "[1"),
        ("within", "Point", "[181,2]"),
        ("within", "Point", ""),
        ("within", "", "[1,2]"),
        ("", "Point", "[1,2]"),
    ],
)
async def test_what_is_no_geo_query_is_refused(
    city: City, georel: str, kind: str, coordinates: str
) -> None:
    """§4.10, §5.7.2.4."""
    asked = {"georel": georel, "geometry": kind, "coordinates": coordinates}
    assert refused(await city.get(**{k: v for k, v in asked.items() if v}))
