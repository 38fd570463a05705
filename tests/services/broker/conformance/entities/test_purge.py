"""Purge Entities (GS CIM 009 §5.6.21, §6.4.3.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.entities.entity import (
    BATCH,
    ENTITIES,
    Api,
    bad_data,
    done,
    prop,
)


@pytest.fixture
def kind(api: Api) -> str:
    """A type that no other test has."""
    return "T" + api.id[-12:]


@pytest.fixture
def three(api: Api, kind: str) -> list[dict[str, Any]]:
    found = [{"id": f"{api.id}:{n}", "type": kind, "a": prop(n), "b": prop(1)} for n in range(3)]
    assert api.http.post(f"{BATCH}/create", json=found).status_code == 201
    return found


def left(api: Api, kind: str) -> Any:
    return api.http.get(ENTITIES, params={"type": kind, "format": "simplified"}).json()


def test_purge_deletes_what_a_query_finds(api: Api, kind: str, three: list[Any]) -> None:
    assert done(api.http.delete(ENTITIES, params={"type": kind, "q": "a>0"}))
    assert [entity["id"] for entity in left(api, kind)] == [three[0]["id"]]
    assert done(api.http.delete(ENTITIES, params={"type": kind, "id": "urn:a:other"}))
    assert len(left(api, kind)) == 1
    assert done(api.http.delete(ENTITIES, params={"type": kind}))
    assert left(api, kind) == []


def test_purge_drops_attributes(api: Api, kind: str, three: list[Any]) -> None:
    assert done(api.http.delete(ENTITIES, params={"type": kind, "drop": "b", "q": "a<2"}))
    assert [sorted(entity) for entity in left(api, kind)] == [
        ["a", "id", "type"],
        ["a", "id", "type"],
        ["a", "b", "id", "type"],
    ]


def test_purge_keeps_attributes(api: Api, kind: str, three: list[Any]) -> None:
    assert done(api.http.delete(ENTITIES, params={"type": kind, "keep": "b"}))
    assert left(api, kind) == [{"id": e["id"], "type": kind, "b": 1} for e in three]


def test_purge_finds_more_than_a_page(
    api: Api, kind: str, three: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.broker.context.purge_api.MOST_LIMIT", 2)
    monkeypatch.setattr("services.broker.context.purge_api._AT_ONCE", 1)
    assert done(api.http.delete(ENTITIES, params={"type": kind, "limit": "1"}))
    assert left(api, kind) == []


@pytest.mark.parametrize(
    "params",
    [{}, {"keep": "a"}, {"type": "A", "id": "bus 1"}, {"type": "A", "drop": "a", "keep": "b"}],
)
def test_purge_is_not_too_wide(api: Api, params: dict[str, str]) -> None:
    """§5.6.21.4: BadRequestData."""
    assert bad_data(api.http.delete(ENTITIES, params=params))


def test_purge_follows_no_relationship(api: Api) -> None:
    """§5.6.21.4: BadRequestData."""
    assert bad_data(api.http.delete(ENTITIES, params={"type": "A", "drop": "a{b}"}))
