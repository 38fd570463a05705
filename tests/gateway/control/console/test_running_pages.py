"""Gateways, kept answers and keys in the console."""

from __future__ import annotations

from schemas.workers import WORKERS
from tests.gateway.control.console.desk import Desk
from tests.gateway.control.gateways.test_gateways import report

GATEWAYS = "/console/gateways"
KEYS = "/console/keys"


async def test_a_worker_is_drained_after_a_second_thought(desk: Desk) -> None:
    await desk.city.http.post(WORKERS, json=report())
    assert "node-a:8000" in (await desk.see(GATEWAYS)).text
    assert (await desk.post(GATEWAYS, decision="drain", worker="w-1")).status_code == 422
    page = await desk.press(GATEWAYS, "drain", worker="w-1", sure="yes")
    assert 'name="worker"' not in page.text, "asked once"
    assert (await desk.city.http.post(WORKERS, json=report())).json() == {"drain": True}
    answer = await desk.post(GATEWAYS, decision="drain", worker="w-9", sure="yes")
    assert answer.status_code == 404
    assert "replaced" in answer.text


async def test_kept_answers_are_forgotten(desk: Desk) -> None:
    await desk.press(GATEWAYS, "purge", what="route", route="control.getOpenApi", sure="yes")
    await desk.press(GATEWAYS, "purge", what="all", sure="yes")
    assert set((await desk.city.policy())["purged"]) == {"*", "route:control.getOpenApi"}
    answer = await desk.post(GATEWAYS, decision="purge", what="odd", sure="yes")
    assert answer.status_code == 422


async def test_a_key_is_rotated_or_void_at_once(desk: Desk) -> None:
    before = {key["kid"] for key in (await desk.city.policy())["keys"]}
    assert (await desk.post(KEYS, decision="rotate")).status_code == 422
    await desk.press(KEYS, "rotate", sure="yes")
    assert len((await desk.city.policy())["keys"]) == 2
    await desk.press(KEYS, "stolen", sure="yes")
    assert not before & {key["kid"] for key in (await desk.city.policy())["keys"]}


async def test_a_sector_whose_holder_cannot_be_told_is_not_rotated(desk: Desk) -> None:
    answer = await desk.post(KEYS, decision="sector", sector="medical", sure="yes")
    assert answer.status_code == 422
    assert "/medical/v1/names" in answer.text
