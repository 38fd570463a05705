"""Which entities are selected by type, id and attributes (GS CIM 009 §4.17, §5.7.2)."""

from __future__ import annotations

import pytest

from tests.services.broker.conformance.query.city import City, names, prop, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _typed(city: City) -> None:
    t = city.type
    await city.has(
        home={"type": f"{t}Home"},
        van={"type": f"{t}Vehicle"},
        camper={"type": [f"{t}Home", f"{t}Vehicle"]},
        boat={"type": f"{t}Boat"},
    )


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("Home", "camper home"),
        ("Home,Boat", "boat camper home"),
        ("Home|Boat", "boat camper home"),
        ("(Home;Vehicle)", "camper"),
        ("(Home;Vehicle)|Boat", "boat camper"),
        ("Boat,(Home;Vehicle)", "boat camper"),
        ("(Home;Boat)", ""),
    ],
)
async def test_type_selection(city: City, selector: str, expected: str) -> None:
    """§4.17."""
    await _typed(city)
    for name in ("Home", "Vehicle", "Boat"):
        selector = selector.replace(name, city.type + name)
    assert await city.find(type=selector) == expected


@pytest.mark.parametrize("selector", ["A;B", "(A;B", "(A,B)", "A,,B", "((A;B))", "()", "A|"])
async def test_a_type_selection_that_breaks_the_grammar_is_refused(
    city: City, selector: str
) -> None:
    """§4.17, §5.7.2.4."""
    assert refused(await city.get(type=selector))


async def test_ids_and_id_pattern(city: City) -> None:
    """§5.7.2.4: all conditions hold together."""
    await city.has(a={}, b={}, c={})
    assert await city.find(id=f"{city.id('a')},{city.id('c')}") == "a c"
    assert await city.find(idPattern=f"{city.type}:[bc]$") == "b c"
    assert await city.find(idPattern=".*:a") == "a"


async def test_ids_alone_are_too_wide(city: City) -> None:
    """§5.7.2.4: without type, attrs, q, georel or the local scope."""
    await city.has(a={})
    alone = {"id": city.id("a")}
    assert refused(await city.api.get("/ngsi-ld/v1/entities", params=alone))
    local = await city.api.get("/ngsi-ld/v1/entities", params={**alone, "local": "true"})
    assert names(local) == "a"


@pytest.mark.parametrize(
    "params",
    [{}, {"attrs": "createdAt"}, {"q": "modifiedAt>2020-01-01T00:00:00Z"}, {"scopeQ": "/a"}],
)
async def test_what_says_nothing_of_entities_is_too_wide(
    city: City, params: dict[str, str]
) -> None:
    """§5.7.2.4: at least one attribute that is no system attribute."""
    assert refused(await city.api.get("/ngsi-ld/v1/entities", params=params))


async def test_any_type_is_local(city: City) -> None:
    """Table 6.4.3.2-1: type=* implies local, which then is never false."""
    await city.has(a={})
    found = await city.get(type="*", id=city.id("a"))
    assert names(found) == "a"
    assert refused(await city.get(type="*", local="false"))


async def test_attrs_select_and_restrict(city: City) -> None:
    """§5.7.2.4: at least one of the attributes; only these are given."""
    await city.has(a={"x": prop(1), "y": prop(2)}, b={"y": prop(3)}, c={"z": prop(4)})
    answer = await city.get(attrs="x,y")
    assert names(answer) == "a b"
    assert [set(e) & {"x", "y", "z"} for e in answer.json()] == [{"x", "y"}, {"y"}]
    assert [set(e) & {"x", "y"} for e in (await city.get(attrs="x")).json()] == [{"x"}]


async def test_nothing_found_is_an_empty_array(city: City) -> None:
    """§5.7.2.5."""
    assert (await city.get()).json() == []


@pytest.mark.parametrize(
    "params",
    [{"id": "no uri"}, {"local": "yes"}, {"count": "1"}, {"idPattern": "("}, {"join": "deep"}],
)
async def test_malformed_parameters_are_refused(city: City, params: dict[str, str]) -> None:
    """§5.7.2.4, §6.3.13, §6.3.18."""
    assert refused(await city.get(**params))
