"""The whole service, its neighbours played by a fake city: from an event to guidance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import jsonschema
import pytest

from schemas.registry import event_schema
from services.evacuation.app import create_evacuation
from tests.services.evacuation.alerts import NOW, alert_event
from tests.services.evacuation.fake_city import HOSPITAL, SHELTER, STOP, FakeCity


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Service:
    city: FakeCity
    api: httpx.AsyncClient
    clock: Clock = field(default_factory=Clock)

    async def guidance(self, state: str = "active") -> list[dict[str, Any]]:
        answer = await self.api.get("/evacuation/v1/guidance", params={"state": state})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@asynccontextmanager
async def running(store_url: str, city: FakeCity, clock: Clock) -> AsyncIterator[Service]:
    app = create_evacuation(
        store_url=store_url,
        gateway_url="http://city",
        client_id="evacuation",
        client_secret="secret",
        clock=clock,
        http=city.http(),
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://evacuation") as api,
    ):
        yield Service(city, api, clock)


@pytest.fixture
async def service(store_url: str) -> AsyncIterator[Service]:
    async with running(store_url, FakeCity(), Clock()) as service:
        yield service


def said(count: int) -> Any:
    return lambda city: len(city.published) >= count


def committed(count: int) -> Any:
    return lambda city: city.committed >= count


async def test_an_alert_leads_to_guidance_with_shelters_stops_and_hospitals(
    service: Service,
) -> None:
    await service.city.happen(alert_event())
    await service.city.until(said(1))
    (event,) = service.city.published
    assert event["type"] == "city.evacuation.guidance.issued"
    data = event["data"]
    assert [s["id"] for s in data["shelters"]] == [SHELTER["id"]]
    assert data["shelters"][0]["room"] == 180
    assert [(s["id"], s["shelter"]) for s in data["stops"]] == [(STOP["id"], SHELTER["id"])]
    assert [h["id"] for h in data["hospitals"]] == [HOSPITAL["id"]]
    assert data["hazard"] == "flood"
    assert "中央小学校" in data["advice"]
    assert "避難指示ではありません" in data["advice"]
    assert data["missing"] == []
    jsonschema.validate(data, event_schema(event["type"]))


async def test_the_same_is_served_by_the_api_and_held_by_the_broker(service: Service) -> None:
    await service.city.happen(alert_event())
    await service.city.until(lambda city: city.entities and city.published)
    (served,) = await service.guidance()
    assert served["shelters"] == service.city.published[0]["data"]["shelters"]
    one = await service.api.get(f"/evacuation/v1/guidance/{served['id']}")
    assert one.json() == served
    entity = service.city.entities[served["id"]]
    assert entity["type"] == "EvacuationGuidance"
    assert entity["alert"] == {
        "type": "Relationship",
        "object": alert_event().data["id"],
        "observedAt": served["observedAt"],
    }


async def test_shelters_are_asked_for_the_hazard_around_the_area(service: Service) -> None:
    await service.city.happen(alert_event())
    await service.city.until(said(1))
    asked = next(url for url in service.city.asked if "shelters" in url)
    assert "hazard=flood" in asked
    assert "lat=36.55" in asked


async def test_the_same_event_twice_is_one_guidance(service: Service) -> None:
    await service.city.happen(alert_event(), alert_event())
    await service.city.until(committed(2))
    await service.city.happen(alert_event(identity="e2", state="cancelled", verb="cancelled"))
    await service.city.until(said(2))
    assert service.city.types() == ["issued", "withdrawn"]


async def test_a_cancelled_alert_withdraws_its_guidance(service: Service) -> None:
    await service.city.happen(alert_event())
    await service.city.until(said(1))
    await service.city.happen(alert_event("cancelled", "e2", state="cancelled"))
    await service.city.until(said(2))
    event = service.city.published[1]
    assert event["type"] == "city.evacuation.guidance.withdrawn"
    assert event["data"]["reason"] == "cancelled"
    assert await service.guidance() == []
    (over,) = await service.guidance("withdrawn")
    assert over["id"] == event["data"]["id"]


async def test_an_update_that_eases_the_alert_withdraws_the_guidance(service: Service) -> None:
    await service.city.happen(alert_event(), alert_event("updated", "e2", severity="minor"))
    await service.city.until(said(2))
    assert service.city.published[1]["data"]["reason"] == "eased"


async def test_an_update_of_the_alert_is_an_update_of_its_guidance(service: Service) -> None:
    await service.city.happen(alert_event(), alert_event("updated", "e2", severity="extreme"))
    await service.city.until(said(2))
    first, second = service.city.published
    assert service.city.types() == ["issued", "updated"]
    assert second["data"]["id"] == first["data"]["id"]
    assert second["data"]["version"] == 2
    assert second["data"]["severity"] == "extreme"


async def test_guidance_ends_when_its_alert_expires(service: Service) -> None:
    await service.city.happen(alert_event())
    await service.city.until(said(1))
    service.clock.now += timedelta(hours=7)
    await service.city.until(said(2))
    assert service.city.published[1]["data"]["reason"] == "expired"


async def test_when_a_shelter_fills_up_the_guidance_follows(service: Service) -> None:
    other = {**SHELTER, "id": "urn:ngsi-ld:Shelter:mirai:s2", "name": "南公民館"}
    await service.city.happen(alert_event())
    await service.city.until(said(1))
    service.city.shelters = [{**SHELTER, "occupants": 300}, other]
    service.clock.now += timedelta(seconds=31)
    await service.city.until(said(2))
    assert service.city.types() == ["issued", "updated"]
    assert [s["name"] for s in service.city.published[1]["data"]["shelters"]] == ["南公民館"]


@pytest.mark.parametrize("domain", ["disaster", "mobility", "medical"])
async def test_with_a_domain_down_guidance_is_given_with_the_rest_and_completed_later(
    service: Service, domain: str
) -> None:
    lists = {"disaster": "shelters", "mobility": "stops", "medical": "hospitals"}
    service.city.down = {domain}
    await service.city.happen(alert_event())
    await service.city.until(said(1))
    data = service.city.published[0]["data"]
    assert data["missing"] == [domain]
    assert [name for name in lists.values() if not data.get(name)] == [lists[domain]]
    service.city.down = set()
    service.clock.now += timedelta(seconds=3)
    await service.city.until(said(2))
    data = service.city.published[1]["data"]
    assert data["missing"] == []
    assert all(data[name] for name in lists.values())


async def test_a_domain_that_hangs_delays_guidance_by_less_than_two_seconds(
    service: Service,
) -> None:
    service.city.hanging = {"disaster", "medical"}
    started = asyncio.get_running_loop().time()
    await service.city.happen(alert_event())
    await service.city.until(said(1))
    assert asyncio.get_running_loop().time() - started < 2
    assert service.city.published[0]["data"]["missing"] == ["disaster", "medical"]


async def test_an_answer_in_another_shape_counts_as_none(service: Service) -> None:
    service.city.hospitals = [{"id": "no name", "location": {"coordinates": ["x"]}}]
    await service.city.happen(alert_event())
    await service.city.until(said(1))
    assert service.city.published[0]["data"]["missing"] == ["medical"]


async def test_what_was_known_stands_while_a_domain_is_away(service: Service) -> None:
    await service.city.happen(alert_event())
    await service.city.until(said(1))
    service.city.down = {"disaster"}
    service.clock.now += timedelta(seconds=31)
    before = len(service.city.asked)
    await service.city.happen(alert_event("updated", "e2", severity="extreme"))
    await service.city.until(said(2))
    assert len(service.city.asked) > before
    data = service.city.published[1]["data"]
    assert [s["id"] for s in data["shelters"]] == [SHELTER["id"]]
    assert data["missing"] == []


async def test_a_drill_is_refused_with_its_reason_and_what_follows_is_handled(
    service: Service,
) -> None:
    await service.city.happen(alert_event(identity="drill", status="exercise"), alert_event())
    await service.city.until(committed(2))
    (refused,) = service.city.rejected
    assert refused["id"] == "drill"
    assert "status" in refused["reason"]
    assert len(await service.guidance()) == 1


async def test_alerts_that_call_for_nothing_are_passed_over(service: Service) -> None:
    await service.city.happen(
        alert_event(identity="minor", severity="minor"),
        alert_event(identity="elsewhere", areas=[{"name": "大阪府"}]),
    )
    await service.city.until(committed(2))
    assert await service.guidance() == []
    assert service.city.rejected == []


async def test_after_a_restart_guidance_is_still_served_and_kept(store_url: str) -> None:
    city, clock = FakeCity(), Clock()
    async with running(store_url, city, clock):
        await city.happen(alert_event())
        await city.until(committed(1))
    clock.now += timedelta(hours=7)
    async with running(store_url, city, clock) as again:
        await city.until(lambda city: "withdrawn" in city.types())
        assert len(await again.guidance("withdrawn")) == 1


async def test_operators_see_what_alerts_led_to(service: Service) -> None:
    await service.city.happen(alert_event(), alert_event(identity="minor", severity="minor"))
    await service.city.until(said(2))
    text = (await service.api.get("/metrics")).text
    assert 'evacuation_outcomes_total{outcome="issued"} 1.0' in text
    assert 'evacuation_outcomes_total{outcome="withdrawn"} 1.0' in text
    assert "evacuation_delay_seconds_count 1.0" in text
    assert "evacuation_following 1.0" in text


async def test_unknown_guidance_is_a_problem(service: Service) -> None:
    answer = await service.api.get("/evacuation/v1/guidance/urn:x:none")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_document_says_that_guidance_is_open_and_life_safety(service: Service) -> None:
    document = (await service.api.get("/evacuation/v1/openapi.json")).json()
    for path in document["paths"].values():
        assert path["get"]["security"] == []
        assert path["get"]["x-city"]["access"] == "open"
        assert path["get"]["x-city"]["priority"] == "life-safety"
