"""Scope queries (GS CIM 009 §4.19)."""

from __future__ import annotations

import pytest

from tests.services.broker.conformance.query.city import City, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("scope_q", "expected"),
    [
        ("/Madrid", "city"),
        ("/Madrid/Gardens/#", "garden parterre"),
        ("/Madrid/#", "both city district garden parterre sight"),
        ("/Madrid/+/ParqueNorte", "garden sight"),
        ("/+/Gardens/#", "garden parterre"),
        ("/+", "both city company"),
        ("(/Madrid/Districts;/CompanyA)", "both"),
        ("(/Madrid/Districts;/CompanyA),/Madrid", "both city"),
        ("/CompanyA|/Madrid", "both city company"),
        ("/#", "both city company district garden parterre sight"),
        ("/Mad", ""),
    ],
)
async def test_scope_query(city: City, scope_q: str, expected: str) -> None:
    """§4.19, examples 1 to 5."""
    await city.has(
        both={"scope": ["/Madrid/Districts", "/CompanyA"]},
        city={"scope": "/Madrid"},
        company={"scope": "CompanyA"},
        district={"scope": ["/Madrid/Districts"]},
        garden={"scope": "/Madrid/Gardens/ParqueNorte"},
        parterre={"scope": "/Madrid/Gardens/ParqueNorte/Parterre1"},
        sight={"scope": "/Madrid/Sights/ParqueNorte"},
        without={},
    )
    assert await city.find(scopeQ=scope_q) == expected
    await city.api.delete("/ngsi-ld/v1/entities", params={"type": city.type})


async def test_a_scope_that_changed(city: City) -> None:
    await city.has(a={"scope": "/old"})
    moved = {"type": city.type, "scope": ["/new"]}
    answer = await city.api.patch(f"/ngsi-ld/v1/entities/{city.id('a')}", json=moved)
    assert answer.status_code == 204, answer.text
    assert await city.find(scopeQ="/old") == ""
    assert await city.find(scopeQ="/new") == "a"


@pytest.mark.parametrize("scope_q", ["/a//b", "/9", "(/a;/b", "/a;/b", "/a,", "#", "/#/a", "/a#"])
async def test_what_breaks_the_grammar_is_refused(city: City, scope_q: str) -> None:
    assert refused(await city.get(scopeQ=scope_q))
