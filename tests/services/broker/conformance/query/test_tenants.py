"""Tenants (GS CIM 009 §4.14, §5.5.10, §6.3.14)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.services.broker.conformance.query.city import (
    ENTITIES,
    OPERATIONS,
    ROOT,
    City,
    at,
    names,
    prop,
    refused,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def tenant() -> dict[str, str]:
    """The header of a tenant that no other test has."""
    return {"ngsild-tenant": f"t{uuid4().hex}"}


async def _created(city: City, tenant: dict[str, str], **attributes: object) -> httpx.Response:
    body = {"id": city.id("a"), "type": city.type, **attributes}
    answer = await city.api.post(ENTITIES, json=body, headers=tenant)
    assert answer.status_code == 201, answer.text
    return answer


async def test_what_one_tenant_has_no_other_sees(city: City, tenant: dict[str, str]) -> None:
    """§4.14: also the default tenant is one of them."""
    other = {"ngsild-tenant": f"t{uuid4().hex}"}
    await _created(city, tenant, n=prop(1), location=at(11, 11))
    await _created(city, other, n=prop(2))
    path = f"{ENTITIES}/{city.id('a')}"
    assert (await city.api.get(path)).status_code == 404
    assert (await city.api.get(path, headers=tenant)).json()["n"]["value"] == 1
    assert (await city.api.get(path, headers=other)).json()["n"]["value"] == 2
    assert await city.find() == ""
    near = {"georel": "near;maxDistance==9", "geometry": "Point", "coordinates": "[11,11]"}
    for headers, expected in ((tenant, "a"), (other, ""), ({}, "")):
        found = await city.api.get(ENTITIES, params={"type": city.type, **near}, headers=headers)
        assert names(found) == expected
    assert (await city.api.get(f"{ROOT}/types/{city.type}")).status_code == 404
    assert (await city.api.get(f"{ROOT}/types/{city.type}", headers=tenant)).status_code == 200


async def test_changes_stay_with_their_tenant(city: City, tenant: dict[str, str]) -> None:
    await city.has(a={"n": prop(1)})
    await _created(city, tenant, n=prop(1))
    path = f"{ENTITIES}/{city.id('a')}"
    changed = await city.api.patch(f"{path}/attrs", json={"n": prop(2)}, headers=tenant)
    assert changed.status_code == 204
    assert (await city.api.get(path)).json()["n"]["value"] == 1
    assert (await city.api.delete(path, headers=tenant)).status_code == 204
    assert (await city.api.get(path)).status_code == 200


async def test_a_tenant_that_is_not_there(city: City, tenant: dict[str, str]) -> None:
    """§5.5.10: whatever does not create raises NonexistentTenant."""
    path = f"{ENTITIES}/{city.id('a')}"
    answers = [
        await city.api.get(path, headers=tenant),
        await city.api.get(ENTITIES, params={"type": city.type}, headers=tenant),
        await city.api.get(f"{ROOT}/types", headers=tenant),
        await city.api.get(f"{ROOT}/attributes", headers=tenant),
        await city.api.patch(f"{path}/attrs", json={"n": prop(2)}, headers=tenant),
        await city.api.delete(path, headers=tenant),
        await city.api.post(f"{OPERATIONS}/delete", json=[city.id("a")], headers=tenant),
    ]
    assert all(refused(answer, 404, "NonexistentTenant") for answer in answers)


async def test_a_batch_brings_a_tenant_into_being(city: City, tenant: dict[str, str]) -> None:
    """§5.5.10."""
    body = [{"id": city.id("a"), "type": city.type}]
    created = await city.api.post(f"{OPERATIONS}/create", json=body, headers=tenant)
    assert created.status_code == 201
    found = await city.api.get(ENTITIES, params={"type": city.type}, headers=tenant)
    assert names(found) == "a"


async def test_the_answer_names_the_tenant(city: City, tenant: dict[str, str]) -> None:
    """§6.3.14."""
    answer = await _created(city, tenant)
    assert answer.headers["ngsild-tenant"] == tenant["ngsild-tenant"]


async def test_what_other_tenants_do_is_not_on_the_city_s_log(
    city: City, tenant: dict[str, str]
) -> None:
    await _created(city, tenant, n=prop(1))
    await city.has(a={"n": prop(2)})
    asked = {
        "types": ["city.context.entity.changed"],
        "limit": 500,
        "waitSeconds": 20,
        "start": "beginning",
    }
    group = f"/events/v1/groups/{city.type.lower()}"
    found: list[Any] = []
    while not found:
        answer = await city.api.post(f"{group}/fetch", json=asked)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found = [e for e in body["events"] if e["subject"] == city.id("a")]
        commit = {"cursor": body["cursor"]}
        await city.api.post(f"{group}/commit", json=commit)
    assert [e["data"]["entity"]["n"]["value"] for e in found] == [2]
