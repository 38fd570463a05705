"""Dead letters in the console: read, replayed, discarded, by the broker's API."""

from __future__ import annotations

from tests.gateway.control.console.broker import Letters, letter
from tests.gateway.control.console.desk import Desk

PAGE = "/console/dead-letters"


async def test_a_letter_is_read_replayed_and_discarded(desk: Desk, letters: Letters) -> None:
    held = letter(1, reason="<b>poison</b>")
    letters.held = [held]
    assert "&lt;b&gt;poison" in (await desk.see(PAGE)).text
    path = f"{PAGE}/{held['id']}"
    page = await desk.see(path)
    assert "&#34;number&#34;: 1" in page.text
    await desk.press(path, "replay")
    assert (await desk.post(path, decision="discard")).status_code == 422
    answer = await desk.post(path, decision="discard", sure="yes")
    assert answer.headers["location"].startswith(PAGE)
    here = f"/{held['id']}"
    assert letters.asked == [("POST", f"{here}/replay", None), ("DELETE", here, None)]
    assert (await desk.see(f"{PAGE}/{letter(9)['id']}")).status_code == 404


async def test_those_ticked_or_all_are_replayed(desk: Desk, letters: Letters) -> None:
    one, two, done = letter(1), letter(2), letter(3, replayed="2026-11-24T05:01:00Z")
    letters.held = [one, two, done]
    assert (await desk.post(PAGE, decision="replay-ticked")).status_code == 422
    assert (await desk.post(PAGE, decision="replay-all")).status_code == 422
    await desk.press(PAGE, "replay-ticked", **{f"letter.{two['id']}": "yes"})
    await desk.press(PAGE, "replay-all", sure="yes")
    assert letters.asked == [
        ("POST", "/replay", {"ids": [two["id"]]}),
        ("POST", "/replay", {"ids": [one["id"], two["id"]]}),
    ]
    letters.held = [done]
    answer = await desk.post(PAGE, decision="replay-all", sure="yes")
    assert answer.status_code == 422
    assert len(letters.asked) == 2


async def test_what_is_about_a_person_is_not_shown(desk: Desk, letters: Letters) -> None:
    held = letter(1)
    del held["event"], held["reason"]
    letters.held = [held]
    for path in (PAGE, f"{PAGE}/{held['id']}"):
        assert "about a person" in (await desk.see(path)).text
