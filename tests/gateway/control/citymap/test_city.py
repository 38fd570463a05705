from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from gateway.control.citymap import base as bases
from gateway.control.citymap import city as cities
from gateway.control.citymap import follow
from gateway.control.citymap.base import Base, bounds, read_base
from gateway.control.citymap.city import CityMap
from gateway.control.citymap.follow import Follower
from gateway.up.plan import _SAMPLE_BASE
from schemas.kit.client import CityClient
from schemas.problem import Unavailable
from tests.gateway.control.citymap.test_things import BUS, SHELTER
from tests.serving import serving


def changed(entity: Any, **more: Any) -> dict[str, Any]:
    """The data of an event about it."""
    return {"entityId": entity.id, "change": "updated", "entity": entity.as_ngsild(), **more}


def moved(longitude: float) -> Any:
    return BUS.model_copy(update={"location": BUS.location.model_copy(  # type: ignore[union-attr]
        update={"coordinates": (longitude, 36.5)})})  # fmt: skip


async def test_a_watcher_is_told_all_and_then_what_changes() -> None:
    city = CityMap()
    city.replace([SHELTER.as_keyvalues(), BUS.as_keyvalues()])
    with city.watching() as box:
        first = await box.take()
        assert first["all"] and len(first["things"]) == 2
        city.change(changed(moved(139.95)))
        told = await box.take()
    assert "all" not in told
    assert [one["at"] for one in told["things"]] == [[139.95, 36.5]]


async def test_what_is_told_late_is_told_once_and_as_it_is_now() -> None:
    city = CityMap()
    city.replace([])
    with city.watching() as box:
        await box.take()
        for step in range(1_000):
            city.change(changed(moved(139.0 + step / 10_000)))
        city.change(changed(SHELTER))
        city.change({"entityId": SHELTER.id, "change": "deleted"})
        told = await box.take()
    assert [one["at"][0] for one in told["things"]] == [139.0999]
    assert told["gone"] == [SHELTER.id]


async def test_saying_the_same_again_is_no_news() -> None:
    city = CityMap()
    city.replace([BUS.as_keyvalues()])
    with city.watching() as box:
        await box.take()
        city.change(changed(BUS))
        city.change({"entityId": "urn:nobody", "change": "deleted"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await box.take()


async def test_a_watcher_knows_when_nobody_follows_the_city() -> None:
    city = CityMap()
    city.replace([BUS.as_keyvalues()])
    with city.watching() as box:
        await box.take()
        city.lose()
        assert (await box.take())["stale"]
        city.replace([BUS.as_keyvalues()])
        assert "stale" not in await box.take()


def test_things_and_watchers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cities, "MOST_THINGS", 1)
    monkeypatch.setattr(cities, "MOST_WATCHERS", 1)
    city = CityMap()
    city.change(changed(BUS))
    city.change(changed(SHELTER))
    assert list(city.things) == [BUS.id]
    with city.watching(), pytest.raises(Unavailable):
        city.admit()


class Broker:
    """As much of the open API as the map asks."""

    def __init__(self) -> None:
        self.entities: list[Any] = [SHELTER]
        self.said: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.app = FastAPI()
        self.app.post("/oauth/token")(self._token)
        self.app.get("/events/v1/stream")(self._stream)
        self.app.get("/ngsi-ld/v1/entities")(self._all)

    async def _token(self) -> dict[str, Any]:
        return {"access_token": "t", "expires_in": 600}

    async def _stream(self) -> Response:
        async def frames() -> AsyncIterator[bytes]:
            yield b": events follow\n\n"
            while (data := await self.said.get()) is not None:
                yield b"data: " + orjson.dumps({"data": data}) + b"\n\n"

        return StreamingResponse(frames(), media_type="text/event-stream")

    async def _all(self, request: Request) -> Any:
        kind = request.query_params["type"]
        return [one.as_keyvalues() for one in self.entities if one.entity_type == kind]


async def test_the_broker_is_followed_while_somebody_looks_and_not_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follow, "LINGER", 0.0)
    monkeypatch.setattr(follow, "_PAUSE", 0.0)
    broker, city = Broker(), CityMap()
    async with serving(broker.app) as url:
        client = CityClient(url, "c", "s")
        follower = Follower(city, url, client)
        running = asyncio.create_task(follower.run())
        async with asyncio.timeout(20):
            with city.watching() as box:
                follower.want()
                assert [one["id"] for one in (await box.take())["things"]] == [SHELTER.id]
                broker.said.put_nowait(changed(BUS))
                assert [one["id"] for one in (await box.take())["things"]] == [BUS.id]
                # the stream ends: all is read anew
                broker.entities = [BUS]
                broker.said.put_nowait(None)
                told = await box.take()
                while "all" not in told:
                    told = await box.take()
                assert [one["id"] for one in told["things"]] == [BUS.id]
            while city.loaded.is_set():
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await follower.close()
        await client.close()


def test_the_sample_citys_base_is_read() -> None:
    features = read_base(_SAMPLE_BASE)
    assert {one["properties"]["kind"] for one in features} == set(bases.KINDS)
    west, south, east, north = bounds(features)
    assert west < 139.88 < east and south < 36.55 < north


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "{}",
        '{"features": [{"properties": {"kind": "road"}, "geometry": {"type": "Point"}}]}',
        '{"features": [{"properties": {"kind": "moat"}, "geometry": '
        '{"type": "Point", "coordinates": [1, 2]}}]}',
        '{"features": [{"properties": {}, "geometry": null}]}',
    ],
)
def test_a_base_that_is_none_is_told_by_its_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "base.geojson"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"base\.geojson"):
        read_base(path)


async def test_routes_are_on_the_base_and_it_is_there_without_them() -> None:
    lines = [[[139.0, 36.0], [140.0, 37.0]]]
    shapes = {
        "features": [
            {
                "geometry": {"type": "MultiLineString", "coordinates": lines},
                "properties": {"routeId": "R1", "name": "南北線", "routeColor": "0072BC"},
            }
        ]
    }  # fmt: skip
    answers = [httpx.Response(503), httpx.Response(200, json=shapes)]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 600})
        return answers.pop(0)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://city")
    found = Base([], CityClient("http://city", "c", "s", http=http))
    assert orjson.loads(await found.as_json())["features"] == []
    body = orjson.loads(await found.as_json())
    assert body["bbox"] == [139.0, 36.0, 140.0, 37.0]
    assert body["features"][0]["properties"]["color"] == "#0072BC"
    await http.aclose()
