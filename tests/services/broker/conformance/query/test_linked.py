"""Linked entities in the answer (GS CIM 009 §4.5.23)."""

from __future__ import annotations

import pytest

from tests.services.broker.conformance.query.city import City, names, prop, refused, rel

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _chain(city: City) -> None:
    """a → b → c → a, and a → nowhere."""
    other = f"{city.type}X"
    await city.has(
        a={"to": rel(city.id("b")), "lost": rel("urn:x:nowhere")},
        b={"type": other, "to": rel(city.id("c")), "n": prop(1)},
        c={"type": other, "to": rel(city.id("a")), "n": prop(2)},
    )


async def test_flat(city: City) -> None:
    """§4.5.23.3: linked entities behind those that link to them, each once."""
    await _chain(city)
    assert await city.find(join="flat") == "a b"
    assert await city.find(join="flat", joinLevel="2") == "a b c"
    assert await city.find(join="flat", joinLevel="4") == "a b c"
    assert await city.find(join="@none") == "a"


async def test_inline(city: City) -> None:
    """§4.5.23.2: in a member ``entity``; a circle ends where it began."""
    await _chain(city)
    [found] = (await city.get(join="inline", joinLevel="3")).json()
    b = found["to"]["entity"]
    assert (b["id"], b["n"]["value"]) == (city.id("b"), 1)
    c = b["to"]["entity"]
    assert c["id"] == city.id("c")
    assert "entity" not in c["to"]
    assert "entity" not in found["lost"]


async def test_inline_and_simplified(city: City) -> None:
    """Annex C.2.2: the entity in place of its id."""
    await _chain(city)
    [found] = (await city.get(join="inline", options="keyValues")).json()
    assert found["to"] == {
        "id": city.id("b"),
        "type": f"{city.type}X",
        "to": city.id("c"),
        "n": 1,
    }
    assert found["lost"] == "urn:x:nowhere"


async def test_several_objects(city: City) -> None:
    other = f"{city.type}X"
    await city.has(
        a={"to": rel([city.id("b"), city.id("c")])}, b={"type": other}, c={"type": other}
    )
    [found] = (await city.get(join="inline")).json()
    assert [e["id"] for e in found["to"]["entity"]] == [city.id("b"), city.id("c")]


async def test_an_ordered_list(city: City) -> None:
    """§4.5.22: ``entityList``, in the order of the list."""
    other = f"{city.type}X"
    ids = [{"object": city.id("c")}, {"object": city.id("b")}]
    await city.has(
        a={"to": {"type": "ListRelationship", "objectList": ids}},
        b={"type": other},
        c={"type": other},
    )
    [found] = (await city.get(join="inline")).json()
    assert [e["id"] for e in found["to"]["entityList"]] == [city.id("c"), city.id("b")]
    assert await city.find(join="flat") == "a c b"


async def test_what_was_met_before_is_not_given_again(city: City) -> None:
    """Table 6.4.3.2-1: containedBy."""
    await _chain(city)
    answer = await city.get(join="flat", joinLevel="2", containedBy=city.id("b"))
    assert names(answer) == "a"


@pytest.mark.parametrize(
    "params",
    [{"join": "x"}, {"join": "flat", "joinLevel": "0"}, {"join": "flat", "joinLevel": "a"}],
)
async def test_what_is_no_join_is_refused(city: City, params: dict[str, str]) -> None:
    assert refused(await city.get(**params))
