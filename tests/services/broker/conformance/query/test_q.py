"""The query language (GS CIM 009 §4.9)."""

from __future__ import annotations

import pytest

from tests.services.broker.conformance.query.city import City, prop, refused, rel

pytestmark = pytest.mark.asyncio(loop_scope="module")

RED = {"type": "VocabProperty", "vocab": "Red"}
_MOMENTS = {
    "early": "2026-01-01T00:00:00Z",
    "half": "2026-01-01T00:00:00.500Z",
    "late": "2026-01-01T00:00:01Z",
}


async def find(city: City, q: str, **more: str) -> str:
    return await city.find(q=q, **more)


async def test_existence_and_numbers(city: City) -> None:
    await city.has(a={"n": prop(10)}, b={"n": prop(15.5)}, c={"n": prop("10")}, d={})
    assert await find(city, "n") == "a b c"
    assert await find(city, "n==10") == "a"
    assert await find(city, "n!=10") == "b c"
    assert await find(city, "n>=10") == "a b"
    assert await find(city, "n==10..15.5") == "a b"
    assert await find(city, "n!=10..12") == "b c"
    assert await find(city, 'n=="10"') == "c"


async def test_an_array_matches_by_any_of_its_elements(city: City) -> None:
    await city.has(a={"colour": prop(["blue", "red"])}, b={"colour": prop("black")})
    assert await find(city, 'colour=="red"') == "a"
    assert await find(city, 'colour=="black","red"') == "a b"
    assert await find(city, 'colour=="black", "red"') == "a b"
    assert await find(city, 'colour!="red"') == "b"


async def test_every_instance_may_match(city: City) -> None:
    """§4.9: the target value is any value of the instances."""
    await city.has(a={"n": [prop(1), prop(2, datasetId="urn:d:2")]}, b={"n": prop(3)})
    assert await find(city, "n==2") == "a"
    assert await find(city, "n!=2") == "b"


async def test_moments_compare_by_time(city: City) -> None:
    """§4.9: the order of dates and times is a temporal one, §4.6.3."""
    await city.has(**{n: {"x": prop(1, observedAt=t)} for n, t in _MOMENTS.items()})
    assert await find(city, "x.observedAt==2026-01-01T00:00:00.000Z") == "early"
    assert await find(city, "x.observedAt>2026-01-01T00:00:00Z") == "half late"
    assert await find(city, "x.observedAt<2026-01-01T00:00:00,6Z") == "early half"
    between = "2026-01-01T00:00:00.4Z..2026-01-01T00:00:00.6Z"
    assert await find(city, f"x.observedAt=={between}") == "half"


async def test_moments_in_values(city: City) -> None:
    typed = prop({"@type": "DateTime", "@value": _MOMENTS["late"]})
    await city.has(a={"due": typed}, b={"due": prop(_MOMENTS["half"])}, c={"due": prop("soon")})
    assert await find(city, "due>=2026-01-01T00:00:00.5Z") == "a b"
    assert await find(city, "due==2026-01-01T00:00:01.0Z") == "a"


async def test_system_attributes_of_the_entity(city: City) -> None:
    await city.has(a={"n": prop(1)})
    assert await find(city, "n;modifiedAt>2020-01-01T00:00:00Z") == "a"
    assert await find(city, "n;createdAt<2020-01-01T00:00:00Z") == ""


async def test_sub_attributes_and_members(city: City) -> None:
    """§4.9, examples 8 to 10."""
    await city.has(
        a={
            "address": prop({"city": "Berlin", "floors": {"top": 3}}),
            "sensor": prop(40, raw=prop({"air": {"pm10": 40}})),
        },
        b={"address": prop("Berlin")},
    )
    assert await find(city, 'address[city]=="Berlin"') == "a"
    assert await find(city, "address[floors.top]>2") == "a"
    assert await find(city, "address[nothing]") == ""
    assert await find(city, "sensor.raw[air.pm10]==40") == "a"
    assert await find(city, "sensor.raw") == "a"


async def test_languages(city: City) -> None:
    """§4.9: one language, or any."""
    await city.has(
        a={"c": {"type": "LanguageProperty", "languageMap": {"fr": "rouge", "en": "red"}}},
        b={"c": {"type": "LanguageProperty", "languageMap": {"fr": "red", "en": ["x", "cat"]}}},
    )
    assert await find(city, 'c[en]=="red"') == "a"
    assert await find(city, 'c[*]=="red"') == "a b"
    assert await find(city, 'c=="rouge"') == "a"
    assert await find(city, 'c[en]=="cat"') == "b"
    assert await find(city, 'c=="cat"') == "b"
    assert await find(city, 'c[en]!="red"') == "b"
    assert await find(city, 'c[*]!="rouge"') == "b"


async def test_relationships_are_only_equal_or_not(city: City) -> None:
    """§4.9: no other operator matches."""
    await city.has(a={"in": rel("urn:x:1")}, b={"in": rel(["urn:x:2", "urn:x:3"])})
    assert await find(city, "in==urn:x:1") == "a"
    assert await find(city, 'in=="urn:x:3","urn:x:1"') == "a b"
    assert await find(city, "in!=urn:x:3") == "a"
    assert await find(city, 'in>"a"') == ""
    assert await find(city, "in~=urn") == ""


async def test_patterns(city: City) -> None:
    await city.has(a={"n": prop("Alpha")}, b={"n": prop("Beta")}, c={"n": prop(5)})
    assert await find(city, "n~=^Al") == "a"
    assert await find(city, 'n~="eta|nothing"') == "b"


async def test_values_that_are_names_are_expanded(city: City) -> None:
    """§4.9, example 12."""
    await city.has(a={"colour": RED}, b={"colour": {"type": "VocabProperty", "vocab": "Blue"}})
    assert await find(city, "colour==Red", expandValues="colour") == "a"
    assert await find(city, "colour!=Red", expandValues="colour") == "b"


async def test_and_binds_more_than_or(city: City) -> None:
    await city.has(a={"x": prop(1)}, b={"x": prop(2), "y": prop(1)}, c={"y": prop(2)})
    assert await find(city, "x==1|x==2;y==2") == "a"
    assert await find(city, "(x==1|x==2);y==1") == "b"
    assert await find(city, "((x==2|x==3);y==1)|y==2") == "b c"


async def _linked(city: City) -> None:
    device, station = f"{city.type}Device", f"{city.type}Station"
    await city.has(
        dry={"type": device, "humidity": prop(20)},
        wet={"type": device, "humidity": prop(40), "maker": rel(city.id("acme"))},
        acme={"type": station, "humidity": prop(40), "country": prop("JP")},
        s1={"sensor": rel(city.id("dry"))},
        s2={"sensor": rel([city.id("wet"), city.id("dry")])},
        s3={"sensor": rel(city.id("acme"))},
    )


async def test_linked_entities(city: City) -> None:
    """§4.9, examples 13 and 14."""
    await _linked(city)
    join = {"join": "inline", "joinLevel": "2"}
    device = f"{city.type}Device"
    assert await find(city, "sensor{humidity}==40", **join) == "s2 s3"
    assert await find(city, f"sensor{{{device}:humidity}}==40", **join) == "s2"
    assert await find(city, f"sensor{{{device},Nothing:humidity}}>10", **join) == "s1 s2"
    assert await find(city, 'sensor{maker{country}}=="JP"', **join) == "s2"
    assert await find(city, "sensor{maker}", **join) == "s2"


async def test_a_query_is_no_deeper_than_the_answer(city: City) -> None:
    """§5.7.2.4: too deep query."""
    assert refused(await city.get(q="sensor{humidity}==40"))
    assert refused(await city.get(q="a{b{c}}", join="flat", joinLevel="1"))


@pytest.mark.parametrize(
    "q",
    ["x==", "x=", ";x", "x;", "(x", "x)", "x{y", "x{y}}", "x[y", "x[]", "x==1..", 'x=="a', "{x}"],
)
async def test_what_breaks_the_grammar_is_refused(city: City, q: str) -> None:
    """§5.7.2.4."""
    assert refused(await city.get(q=q, join="flat"))
