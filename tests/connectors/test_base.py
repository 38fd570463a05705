from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import orjson
import pytest
from fastapi import APIRouter

from connectors.base import Connector, Context
from connectors.feed import FeedSpec
from schemas.ngsild import Entity, urn
from schemas.problem import Fault, Unprocessable
from schemas.xcity import ApiInfo, operation
from tests.connectors.harness import running


class Bench(Entity):
    entity_type = "Bench"
    name: str


def parse(raw: bytes) -> list[str]:
    try:
        names: list[str] = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unprocessable("Not JSON.", faults=[Fault("line 1", str(error))]) from error
    return names


BENCHES = FeedSpec(
    name="benches",
    standard="a list of names",
    media_types=("application/json",),
    parse=parse,
    entities=lambda names: [Bench(id=urn("Bench", name), name=name) for name in names],
    sample=lambda _: b'["sample"]',
    interval=0.01,
    limit=100,
)


class Parks(Connector):
    info: ClassVar[ApiInfo] = ApiInfo(domain="parks")
    title = "Parks"
    description = "Benches."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.benches = self.feed(BENCHES)

    def router(self) -> APIRouter:
        router = APIRouter()

        @router.get("/benches", openapi_extra=operation("parks:read"))
        async def benches() -> list[str]:
            return self.benches.value or []

        return router


URL = "/parks/v1/feeds/benches"


async def test_a_pushed_feed_is_served_and_only_differences_are_published(tmp_path: Path) -> None:
    async with running(Parks, tmp_path) as run:
        assert (await run.api.put(URL, content=b'["a", "b"]')).json()["changedEntities"] == 2
        assert (await run.api.put(URL, content=b'["b", "c"]')).json()["changedEntities"] == 2
        assert (await run.api.get("/parks/v1/benches")).json() == ["b", "c"]
        await run.said.until(lambda said: len(said.messages) >= 3)
        await run.said.until(
            lambda said: set(said.entities()) == {urn("Bench", "b"), urn("Bench", "c")}
        )


async def test_a_bad_document_is_refused_and_the_good_one_stays_served(tmp_path: Path) -> None:
    async with running(Parks, tmp_path) as run:
        await run.api.put(URL, content=b'["a"]')
        refused = await run.api.put(URL, content=b'["a",')
        too_large = await run.api.put(URL, content=b'["' + b"x" * 100 + b'"]')
        unknown = await run.api.put("/parks/v1/feeds/trees", content=b"[]")
        assert (refused.status_code, too_large.status_code, unknown.status_code) == (422, 413, 404)
        assert refused.json()["errors"][0]["where"] == "line 1"
        assert (await run.api.get("/parks/v1/benches")).json() == ["a"]


async def test_what_was_pushed_is_served_after_a_restart(tmp_path: Path) -> None:
    async with running(Parks, tmp_path, sample=True) as run:
        await run.api.put(URL, content=b'["pushed"]')
    async with running(Parks, tmp_path, sample=True) as run:
        assert (await run.api.get("/parks/v1/benches")).json() == ["pushed"]


async def test_what_the_broker_did_not_take_is_said_after_a_restart(tmp_path: Path) -> None:
    async with running(Parks, tmp_path) as run:
        run.said.deaf = True
        await run.api.put(URL, content=b'["a"]')
    async with running(Parks, tmp_path) as run:
        await run.said.until(lambda said: urn("Bench", "a") in said.entities())


async def test_a_source_that_fails_is_reported_and_recovers(tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    folder.mkdir()
    async with running(Parks, tmp_path, sources={"benches": str(folder)}) as run:
        feed = run.connector.feeds["benches"]
        await feed.refresh()
        (status,) = (await run.api.get("/parks/v1/feeds")).json()
        assert "benches.*" in status["problem"]["detail"]
        (folder / "benches.json").write_bytes(b'["here"]')
        await feed.refresh()
        (status,) = (await run.api.get("/parks/v1/feeds")).json()
        assert status["problem"] is None
        assert feed.value == ["here"]


async def test_the_sample_city_is_followed_by_itself(tmp_path: Path) -> None:
    async with running(Parks, tmp_path, sample=True) as run:
        await run.connector.feeds["benches"].loaded.wait()
        assert (await run.api.get("/parks/v1/benches")).json() == ["sample"]


@pytest.mark.parametrize("store", ["mysql://x/y", "sqlite:///x"])
async def test_a_store_that_nobody_speaks_is_refused(tmp_path: Path, store: str) -> None:
    with pytest.raises(ValueError, match="give postgresql"):
        Parks(Context(store_url=store, sink=lambda _: None))  # type: ignore[arg-type, return-value]


async def test_what_one_process_was_pushed_the_others_serve(tmp_path: Path) -> None:
    async with running(Parks, tmp_path, sample=True) as one, running(Parks, tmp_path) as other:
        await one.api.put(URL, content=b'["pushed"]')
        await other.connector.feeds["benches"].look()
        assert (await other.api.get("/parks/v1/benches")).json() == ["pushed"]
        await one.connector.feeds["benches"].refresh()
        assert (await one.api.get("/parks/v1/benches")).json() == ["pushed"]
