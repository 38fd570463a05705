"""What holds for every connector, whatever its domain. A new one is tested by being registered."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from connectors.base import Connector
from schemas.ngsild import Entity
from schemas.problem import MEDIA_TYPE
from schemas.registry import entity_types, event_types
from schemas.xcity import KEY
from tests.connectors.harness import Running, fixed, running
from tests.contracts.connectors.conftest import NOW, all_loaded, push_samples
from tests.contracts.connectors.operations import CALLER, document, lists, operations

GARBAGE = (
    b"",
    b"\x00\xff\xfe\x00",
    b"nonsense",
    b"{}",
    b"[]",
    b"null",
    b"<a/>",
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    b"PK\x03\x04",
    "住所,名前\n".encode("cp932") + b"\x81",
)


async def test_the_document_is_valid_openapi(bare: Running) -> None:
    found = await document(bare)
    assert found["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(found).validate()
    assert found[KEY]["domain"] == bare.connector.domain


async def test_every_operation_says_who_may_call_it(bare: Running) -> None:
    for operation in await operations(bare):
        assert {"security", KEY, "operationId", "summary"} <= operation.body.keys(), operation.path
        assert bool(operation.scopes) != (operation.access == "open"), operation.path
        areas = {scope.partition(":")[0] for scope in operation.scopes}
        assert areas <= {bare.connector.domain}, f"{operation.path} needs {operation.scopes}"


async def test_operations_have_names_and_data_sets_of_their_own(bare: Running) -> None:
    found = await operations(bare)
    ids = [operation.id for operation in found]
    assert len(ids) == len(set(ids))
    known = {dataset.id for dataset in bare.connector.info.datasets}
    named = {operation.body[KEY].get("dataset", "") for operation in found} - {""}
    assert named <= known


async def test_every_list_answers_a_page(living: Running) -> None:
    for path, body in (await lists(living)).items():
        assert body.keys() == {"items", "total", "limit", "offset"}, path
        assert isinstance(body["items"], list), path
        assert len(body["items"]) <= min(body["limit"], body["total"] - body["offset"]), path


async def test_what_does_not_exist_is_a_404_problem(living: Running) -> None:
    for operation in await operations(living):
        if operation.method != "get" or not operation.takes_a_path_parameter:
            continue
        path = operation.path.format(**operation.ids_of_nothing())
        answer = await living.api.get(path, params=operation.query() or {}, headers=CALLER)
        assert answer.status_code == 404, f"{path}: {answer.status_code} {answer.text}"
        assert answer.headers["content-type"] == MEDIA_TYPE
    answer = await living.api.put(f"/{living.connector.domain}/v1/feeds/no-such-feed")
    assert answer.status_code == 404


async def test_what_is_published_is_of_a_registered_type(living: Running) -> None:
    await nothing_waits(living)
    entities, events = living.said.entities(), living.said.events()
    if any(list(feed.spec.entities(feed.value)) for feed in living.connector.feeds.values()):
        assert entities, "the feeds have entities, but none was published"
    for normalized in entities.values():
        restored = restore(normalized)
        assert restored.as_ngsild() == normalized
    for event in events:
        event_types()[event["type"]].model_validate(event["data"])
        assert event["source"] == living.connector.source_uri


async def test_a_pushed_sample_is_taken(bare: Running) -> None:
    await push_samples(bare)
    status = (await bare.api.get(f"/{bare.connector.domain}/v1/feeds")).json()
    if bare.connector.feeds:
        assert all(feed["problem"] is None for feed in status)


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_refused_and_what_was_served_stays(
    living: Running, garbage: bytes
) -> None:
    before = await lists(living)
    for name in living.connector.feeds:
        answer = await living.api.put(
            f"/{living.connector.domain}/v1/feeds/{name}", content=garbage
        )
        assert 400 <= answer.status_code < 500, f"{name}: {answer.status_code} {answer.text}"
        assert answer.headers["content-type"] == MEDIA_TYPE
    assert await lists(living) == before


async def test_a_truncated_sample_is_never_a_failure(bare: Running) -> None:
    for name, feed in bare.connector.feeds.items():
        whole = feed.spec.sample(NOW) if feed.spec.sample else b""
        for part in (1, 3, 9):
            answer = await bare.api.put(
                f"/{bare.connector.domain}/v1/feeds/{name}",
                content=whole[: len(whole) * part // 10],
            )
            assert answer.status_code < 500, f"{name}: {answer.text}"


async def test_after_a_restart_the_same_is_served(kind: type[Connector], tmp_path: Path) -> None:
    async with running(kind, tmp_path, clock=fixed(NOW)) as run:
        await push_samples(run)
        before = await lists(run)
    async with running(kind, tmp_path, clock=fixed(NOW)) as run:
        assert await lists(run) == before


async def test_the_sample_city_is_the_same_at_the_same_moment(
    kind: type[Connector], tmp_path: Path
) -> None:
    async with running(kind, tmp_path / "a", sample=True, clock=fixed(NOW)) as run:
        await all_loaded(run)
        before = await lists(run)
    async with running(kind, tmp_path / "b", sample=True, clock=fixed(NOW)) as run:
        await all_loaded(run)
        assert await lists(run) == before


async def nothing_waits(run: Running) -> None:
    """Until the outbox has said everything."""
    async with asyncio.timeout(10):
        while (await run.connector.publisher.outbox.waiting())[0]:
            await asyncio.sleep(0.01)


def restore(normalized: dict[str, Any]) -> Entity:
    """An entity from its normalized representation; fails if its type does not take it."""
    values = {
        name: attribute.get("value", attribute.get("object"))
        for name, attribute in normalized.items()
        if name not in ("id", "type")
    }
    moments = {a["observedAt"] for a in normalized.values() if "observedAt" in a}
    assert len(moments) <= 1
    observed = {"observedAt": moments.pop()} if moments else {}
    return entity_types()[normalized["type"]].model_validate(
        {"id": normalized["id"], **values, **observed}
    )
