"""Emergency mode in the console: a word is typed, time runs out, it is ended."""

from __future__ import annotations

import pytest

from tests.gateway.control.console.desk import Desk

PAGE = "/console/emergency"
DECLARED = {"reason": "Flood on the Kinu", "level": "severe", "hours": "6", "word": "emergency"}


@pytest.mark.parametrize("word", ["", "emergenc", "はい"])
async def test_without_the_word_nothing_is_declared(desk: Desk, word: str) -> None:
    answer = await desk.post(PAGE, decision="declare", **{**DECLARED, "word": word})
    assert answer.status_code == 422
    assert 'id="word-error"' in answer.text
    assert 'value="Flood on the Kinu"' in answer.text, "what was typed stays"
    assert (await desk.city.http.get("/control/v1/emergency")).status_code == 404


async def test_it_is_declared_counts_down_and_is_ended(desk: Desk) -> None:
    page = await desk.press(PAGE, "declare", **{**DECLARED, "word": " 緊急 "})
    assert "Flood on the Kinu" in page.text
    desk.city.clock.advance(61)
    page = await desk.see(PAGE)
    assert ">05:58:59</time>" in page.text, "without script too"
    emergency = (await desk.city.policy())["emergency"]
    assert emergency["level"] == "severe"
    assert (await desk.post(PAGE, decision="end")).status_code == 422
    await desk.press(PAGE, "end", sure="yes")
    assert "emergency" not in await desk.city.policy()
    answer = await desk.post(PAGE, decision="end", sure="yes")
    assert answer.status_code == 404


async def test_what_the_api_refuses_stands_beside_its_field(desk: Desk) -> None:
    answer = await desk.post(PAGE, decision="declare", **{**DECLARED, "reason": "x"})
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.text
