"""Pages, their count and their order (GS CIM 009 §4.12, §4.13, §4.23, §6.3.10, §6.3.13)."""

from __future__ import annotations

import pytest

from tests.services.broker.conformance.query.city import City, at, names, prop, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_next_and_previous(city: City) -> None:
    """§6.3.10: Link fields with the media type of the answer, limit and offset."""
    await city.has(a={}, b={}, c={}, d={}, e={})
    first = await city.get(limit="2")
    assert names(first) == "a b"
    assert 'rel="next"; type="application/json"' in first.headers["link"]
    assert 'rel="prev"' not in first.headers["link"]
    second = await city.api.get(_target(first.headers["link"], "next"))
    assert names(second) == "c d"
    third = await city.api.get(_target(second.headers["link"], "next"))
    assert names(third) == "e"
    assert 'rel="next"' not in third.headers["link"]
    back = await city.api.get(_target(third.headers["link"], "prev"))
    assert names(back) == "c d"


def _target(link: str, relation: str) -> str:
    part = next(p for p in link.split(", ") if f'rel="{relation}"' in p)
    return part.partition("<")[2].partition(">")[0]


async def test_count(city: City) -> None:
    """§6.3.13: the number of all, also without any of them."""
    await city.has(a={}, b={}, c={})
    assert "ngsild-results-count" not in (await city.get()).headers
    for params in ({"count": "true"}, {"options": "count"}):
        answer = await city.get(limit="1", **params)
        assert (names(answer), answer.headers["ngsild-results-count"]) == ("a", "3")
    none = await city.get(limit="0", count="true")
    assert (none.json(), none.headers["ngsild-results-count"]) == ([], "3")


@pytest.mark.parametrize(
    "params", [{"limit": "0"}, {"limit": "-1"}, {"limit": "x"}, {"offset": "-1"}]
)
async def test_what_is_no_page_is_refused(city: City, params: dict[str, str]) -> None:
    """§6.3.10."""
    assert refused(await city.get(**params))


async def test_a_page_too_large(city: City) -> None:
    """§4.12: a hard limit, TooManyResults."""
    assert refused(await city.get(limit="1001"), 403, "TooManyResults")


async def test_order_by_value(city: City) -> None:
    """§4.23.3, examples 1 to 3."""
    await city.has(
        a={"name": prop("beta"), "age": prop(1)},
        b={"name": prop("Alpha"), "age": prop(2)},
        c={"name": prop("beta"), "age": prop(3)},
        d={"age": prop(4)},
    )
    order = {"local": "true"}
    assert await city.find(orderBy="name", **order) == "b a c d"
    assert await city.find(orderBy="name;desc", **order) == "a c b d"
    assert await city.find(orderBy="name,age;desc", **order) == "b c a d"
    assert await city.find(orderBy="age;desc", limit="2", offset="1", **order) == "c b"
    assert await city.find(orderBy="id;desc", **order) == "d c b a"


async def test_order_by_members_and_moments(city: City) -> None:
    """§4.23.3, examples 4 and 5."""
    await city.has(
        a={"home": prop({"city": "B"}, observedAt="2026-01-02T00:00:00Z")},
        b={"home": prop({"city": "A"}, observedAt="2026-01-03T00:00:00Z")},
    )
    assert await city.find(orderBy="home[city]", local="true") == "b a"
    assert await city.find(orderBy="home.observedAt", local="true") == "a b"


async def test_order_of_types_of_values(city: City) -> None:
    """§4.23.2."""
    await city.has(
        a={},
        b={"x": prop("2026-01-01T00:00:00Z")},
        c={"x": prop("2026-01-01")},
        d={"x": prop(True)},
        e={"x": prop([1])},
        f={"x": prop({"k": 1})},
        g={"x": prop("text")},
        h={"x": prop(7)},
    )
    assert await city.find(orderBy="x", local="true") == "h g f e d c b a"


async def test_order_by_distance(city: City) -> None:
    """§4.23.3, examples 8 to 10."""
    await city.has(
        a={"location": at(8.2, 40)}, b={"location": at(8.1, 40)}, c={"location": at(9, 42)}, d={}
    )
    here = {"local": "true", "orderFrom": "[8,40]"}
    assert await city.find(orderBy="location;dist-asc", **here) == "b a c d"
    assert await city.find(orderBy="location;dist-desc", **here) == "c a b d"
    line = {"local": "true", "orderFrom": "[[9,42],[9,43]]", "orderGeometry": "LineString"}
    assert await city.find(orderBy="location;dist-asc", **line) == "c a b d"


@pytest.mark.parametrize(
    "params",
    [
        {"orderBy": "name"},
        {"orderBy": "name;up", "local": "true"},
        {"orderBy": "location;dist-asc", "local": "true"},
        {"orderBy": "location;dist-asc", "local": "true", "orderFrom": "[8"},
        {"orderBy": "x==1", "local": "true"},
        {"orderBy": "name", "local": "true", "collation": "?"},
    ],
)
async def test_what_is_no_order_is_refused(city: City, params: dict[str, str]) -> None:
    """§5.7.2.4: among others, an order needs the local scope."""
    assert refused(await city.get(**params))
