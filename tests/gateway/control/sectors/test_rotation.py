"""Rotating a sector's key, with a holder that remembers what it was told."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from gateway.control import residents, tables
from gateway.control.parts import OWN_CLIENT
from gateway.control.sectors import rotation
from gateway.control.sectors.rotation import GRACE, Rotations
from schemas.kit.client import CityClient
from schemas.pseudonym import Pseudonyms
from tests.gateway.control.city import KEY, MASTER, City

NAMES = Pseudonyms(MASTER)


@dataclass
class Holder:
    """The open API as the control plane sees it: the real token endpoint, and a data holder."""

    city: City
    down: bool = False
    fails_after: int = 1_000
    named: dict[str, str] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            headers = dict(request.headers) | {"x-city-gateway-key": KEY}
            return await self.city.http.post(
                "/oauth/token", content=request.content, headers=headers
            )
        if self.down or self.fails_after <= 0:
            return httpx.Response(503)
        self.fails_after -= 1
        body: Any = json.loads(request.content)
        if request.url.path.endswith("/names/forgotten"):
            self.forgotten.append(body["old"])
        else:
            self.named[body["old"]] = body["new"]
        return httpx.Response(204)


@pytest.fixture
def holder(city: City) -> Holder:
    return Holder(city)


@pytest.fixture
def job(city: City, holder: Holder) -> Rotations:
    http = httpx.AsyncClient(transport=httpx.MockTransport(holder.answer), base_url="http://g")
    secret = city.control.secrets.own_client_secret()
    return Rotations(city.control, CityClient("http://g", OWN_CLIENT, secret, http=http))


async def begin(city: City, sector: str = "medical") -> None:
    control = city.control
    async with control.store.write() as connection:
        await rotation.begin(connection, control.store, sector, control.now())


async def resident_ids(city: City) -> list[str]:
    async with city.control.store.read() as connection:
        return sorted(await connection.scalars(select(tables.residents.c.resident_id)))


async def more(city: City, number: int) -> None:
    async with city.control.store.write() as connection:
        for one in range(number):
            await residents.add(connection, f"resident-{one}", "", "N", 0)


async def stage(city: City) -> tuple[int, str]:
    async with city.control.store.read() as connection:
        found = await rotation.find(connection, "medical")
    return found.epoch, found.stage


async def test_everybody_gets_a_new_name_and_the_old_ones_are_forgotten(
    city: City, holder: Holder, job: Rotations
) -> None:
    await more(city, 3)
    everybody = await resident_ids(city)
    await begin(city)
    await job.step()
    assert await stage(city) == (1, "settling")
    old = {NAMES.of(one, "medical"): NAMES.of(one, "medical~1") for one in everybody}
    assert holder.named == old
    await job.step()
    assert await stage(city) == (1, "settling"), "gateways may not have the policy yet"
    holder.named.clear()
    city.clock.advance(GRACE)
    await job.step()
    assert holder.named == old, "told once more, for who came in meanwhile"
    assert holder.forgotten == []
    await job.step()
    assert sorted(holder.forgotten) == sorted(old)
    assert await stage(city) == (1, "")
    assert await job.step() is False
    (done,) = (await city.http.get("/audit/v1/events")).json()
    assert (done["action"], done["target"]) == ("sector.rotated", "medical")


async def test_a_holder_that_is_away_is_waited_for_and_the_key_stays(
    city: City, holder: Holder, job: Rotations
) -> None:
    await more(city, 4)
    await begin(city)
    holder.fails_after = 2
    assert await job.step() is True
    assert await stage(city) == (0, "telling")
    told = len(holder.named)
    holder.fails_after = 1_000
    await job.step()
    assert await stage(city) == (1, "settling")
    assert len(holder.named) == told + 3, "it goes on where it stopped"


async def test_a_second_rotation_uses_a_third_key(
    city: City, holder: Holder, job: Rotations
) -> None:
    (one,) = await resident_ids(city)
    for _ in range(2):
        await begin(city)
        await job.step()
        city.clock.advance(GRACE)
        await job.step()
        await job.step()
    assert await stage(city) == (2, "")
    assert holder.named == {
        NAMES.of(one, "medical"): NAMES.of(one, "medical~1"),
        NAMES.of(one, "medical~1"): NAMES.of(one, "medical~2"),
    }


async def test_names_are_in_no_log(
    city: City, holder: Holder, job: Rotations, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (one,) = await resident_ids(city)
    holder.down = True
    await begin(city)
    await job.step()
    holder.down = False
    await job.step()
    city.clock.advance(GRACE)
    await job.step()
    await job.step()
    assert len(holder.forgotten) == 1
    for name in (one, NAMES.of(one, "medical"), NAMES.of(one, "medical~1")):
        assert name not in caplog.text


async def test_only_a_sector_that_can_be_told_is_rotated_and_only_once_at_a_time(
    city: City,
) -> None:
    answer = await city.http.post("/control/v1/sectors/medical/rotate")
    assert answer.status_code == 422, "no medical API is attached here"
    assert "names" in answer.json()["detail"]
    assert (await city.http.post("/control/v1/sectors/nothing/rotate")).status_code == 404
    await begin(city)
    (medical,) = [
        one
        for one in (await city.http.get("/control/v1/sectors")).json()
        if one["sector"] == "medical"
    ]
    assert medical == {"sector": "medical", "epoch": 0, "stage": "telling"}
