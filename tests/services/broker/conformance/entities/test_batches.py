"""Batches of entities (GS CIM 009 §5.6.7 to §5.6.10, §5.6.20, §5.5.11)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.services.broker.conformance.entities.entity import (
    BATCH,
    DATASET,
    ENTITIES,
    ERRORS,
    NULL,
    Api,
    bad_data,
    done,
    prop,
)


def send(api: Api, operation: str, *items: Any, **params: str) -> httpx.Response:
    return api.http.post(f"{BATCH}/{operation}", json=list(items), params=params)


def other(api: Api, number: int = 1, /, **members: Any) -> dict[str, Any]:
    """Another entity of this test."""
    return {"id": f"{api.id}:{number}", "type": "Vehicle", **members}


def shown(api: Api, entity: dict[str, Any]) -> Any:
    answer = api.http.get(f"{ENTITIES}/{entity['id']}")
    return answer.json() if answer.status_code == 200 else None


def partly(answer: httpx.Response, success: list[str], errors: dict[str, str]) -> bool:
    """207 with a BatchOperationResult (§5.2.16): id → error type."""
    assert answer.status_code == 207, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert sorted(body) == ["errors", "success"]
    assert sorted(body["success"]) == sorted(success)
    assert {e["entityId"]: e["error"]["type"] for e in body["errors"]} == {
        id_: ERRORS + error for id_, error in errors.items()
    }
    assert all(e["error"]["title"] and e["error"]["status"] for e in body["errors"])
    return True


@pytest.mark.parametrize("operation", ["create", "upsert", "update", "merge", "delete"])
@pytest.mark.parametrize("body", [[], {}, 5, [None]])
def test_what_is_no_batch_is_refused(api: Api, operation: str, body: Any) -> None:
    """§5.6.7.4 to §5.6.10.4, §5.6.20.4: empty, or null in it: BadRequestData."""
    assert bad_data(api.http.post(f"{BATCH}/{operation}", json=body))


# ------------------------------------------------------------------ create, §5.6.7


def test_create_answers_with_the_ids(api: Api) -> None:
    """§6.14.3.1: 201."""
    one, two = other(api, 1, a=prop(1)), other(api, 2)
    answer = send(api, "create", one, two)
    assert (answer.status_code, answer.json()) == (201, [one["id"], two["id"]])
    assert shown(api, one) == one


def test_create_names_what_is_there_or_is_none(api: Api) -> None:
    """§5.6.7.4, §5.5.11.1: each as if it came alone; the second of two is there already."""
    api.create()
    one, bad = other(api, 1, a=prop(1)), other(api, 2, a=prop(NULL))
    answer = send(api, "create", api.entity(), one, bad, {**one, "b": prop(2)})
    errors = {api.id: "AlreadyExists", bad["id"]: "BadRequestData", one["id"]: "AlreadyExists"}
    assert partly(answer, [one["id"]], errors)
    assert shown(api, one) == one
    assert shown(api, bad) is None


def test_when_none_is_created_the_success_is_empty(api: Api) -> None:
    api.create()
    assert partly(send(api, "create", api.entity()), [], {api.id: "AlreadyExists"})


# ------------------------------------------------------------------ upsert, §5.6.8


def test_upsert_answers_with_the_new_ids_only(api: Api) -> None:
    """§6.15.3.1: 201 with those created; 204 when all were there."""
    one, two = other(api, 1), other(api, 2)
    assert send(api, "upsert", one).status_code == 201
    answer = send(api, "upsert", one, two)
    assert (answer.status_code, answer.json()) == (201, [two["id"]])
    assert done(send(api, "upsert", one, two))


@pytest.mark.parametrize("options", ["", "replace"])
def test_upsert_replaces(api: Api, options: str) -> None:
    """§5.6.8.4: also the types (§4.16)."""
    api.create(a=prop(1), b=prop(1))
    new = {"id": api.id, "type": "Bus", "b": prop(2)}
    assert done(send(api, "upsert", new, options=options))
    assert api.get() == new


def test_upsert_updates(api: Api) -> None:
    """§5.6.8.4: as Update Attributes does, nulls too."""
    api.create(a=prop(1), b=prop(1, unitCode="CEL"), c=prop(1))
    new = api.entity(b=prop(2), c=prop(NULL))
    assert done(send(api, "upsert", new, options="update"))
    assert api.attributes() == {"a": prop(1), "b": prop(2)}


def test_upsert_creates_nothing_out_of_nulls(api: Api) -> None:
    answer = send(api, "upsert", api.entity(a=prop(NULL)), options="update")
    assert partly(answer, [], {api.id: "BadRequestData"})


def test_upsert_names_what_is_refused(api: Api) -> None:
    api.create()
    bad = other(api, 1, a={"type": "GeoProperty", "value": 5})
    answer = send(api, "upsert", api.entity(a=prop(1)), bad, other(api, 2))
    assert partly(answer, [api.id, other(api, 2)["id"]], {bad["id"]: "BadRequestData"})
    assert api.attributes() == {"a": prop(1)}


@pytest.mark.parametrize(("options", "then"), [("", {"b": 3}), ("update", {"a": 2, "b": 3})])
def test_upsert_applies_instances_of_one_entity_in_their_order(
    api: Api, options: str, then: dict[str, int]
) -> None:
    """§5.5.11.2, §4.6.6."""
    items = [api.entity(a=prop(1)), api.entity(a=prop(2)), api.entity(b=prop(3))]
    answer = send(api, "upsert", *items, options=options)
    assert (answer.status_code, answer.json()) == (201, [api.id])
    assert api.attributes(format="simplified") == then


def test_each_entity_can_bring_its_context(api: Api) -> None:
    """§6.3.5, for arrays."""
    one = {**other(api, 1, a=prop(1)), "@context": {"a": "https://example.org/a"}}
    two = {**other(api, 2, a=prop(1)), "@context": {"a": "https://example.org/b"}}
    answer = api.http.post(
        f"{BATCH}/upsert", json=[one, two], headers={"content-type": "application/ld+json"}
    )
    assert answer.status_code == 201
    assert "https://example.org/a" in shown(api, one)
    assert "https://example.org/b" in shown(api, two)


# ------------------------------------------------------------------ update, §5.6.9


def test_update_appends_and_overwrites(api: Api) -> None:
    """§5.6.9.4: as Append Attributes does."""
    api.create(a=prop(1), b=prop(1))
    assert done(send(api, "update", api.entity(b=prop(2), c=prop(3))))
    assert api.attributes(format="simplified") == {"a": 1, "b": 2, "c": 3}


def test_update_without_overwriting(api: Api) -> None:
    """§6.16.3.1: noOverwrite."""
    api.create(a=prop(1))
    new = api.entity(a=[prop(2), prop(3, datasetId=DATASET)], b=prop(2))
    assert done(send(api, "update", new, options="noOverwrite"))
    assert api.attributes() == {"a": [prop(1), prop(3, datasetId=DATASET)], "b": prop(2)}


@pytest.mark.parametrize("operation", ["update", "merge"])
def test_what_is_not_there_is_named(api: Api, operation: str) -> None:
    """§5.6.9.4, §5.6.20.4."""
    api.create()
    gone = other(api, 1, a=prop(1))
    answer = send(api, operation, gone, api.entity(a=prop(1)))
    assert partly(answer, [api.id], {gone["id"]: "ResourceNotFound"})
    assert api.attributes() == {"a": prop(1)}


# ------------------------------------------------------------------ merge, §5.6.20


def test_merge(api: Api) -> None:
    """§6.31.3.1: 204; as Merge Entity does."""
    api.create(a=prop({"x": 1, "y": 2}, unitCode="CEL"), b=prop(1))
    assert done(send(api, "merge", api.entity(a=prop({"y": NULL, "z": 3}), b=NULL)))
    assert api.attributes() == {"a": prop({"x": 1, "z": 3}, unitCode="CEL")}


def test_merge_applies_instances_of_one_entity_in_their_order(api: Api) -> None:
    """§5.5.11.5."""
    api.create()
    assert done(send(api, "merge", api.entity(a=prop({"x": 1})), api.entity(a=prop({"y": 2}))))
    assert api.attributes() == {"a": prop({"x": 1, "y": 2})}


# ------------------------------------------------------------------ delete, §5.6.10


def test_delete(api: Api) -> None:
    """§6.17.3.1: 204."""
    send(api, "create", other(api, 1), other(api, 2))
    assert done(send(api, "delete", other(api, 1)["id"], other(api, 2)["id"]))
    assert shown(api, other(api, 1)) is None


def test_delete_names_what_is_not_there_or_no_id(api: Api) -> None:
    """§5.5.11.4: the second of two is not there any more."""
    api.create()
    answer = send(api, "delete", api.id, api.id, "bus 1")
    assert partly(answer, [api.id], {api.id: "ResourceNotFound", "bus 1": "BadRequestData"})


def test_ids_need_no_context(api: Api) -> None:
    """§6.3.5 is about names; client libraries send ids as application/ld+json, too."""
    api.create()
    answer = api.http.post(
        f"{BATCH}/delete", json=[api.id], headers={"content-type": "application/ld+json"}
    )
    assert done(answer)
