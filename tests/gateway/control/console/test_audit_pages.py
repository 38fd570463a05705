"""The audit log in the console: looked through, proved in words, taken away."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from gateway.control import tables
from tests.gateway.control.console.desk import Desk

PAGE = "/console/audit"
CHECKPOINTS = f"{PAGE}/checkpoints"


async def newest(desk: Desk, **query: str) -> dict[str, object]:
    found: dict[str, object] = (
        await desk.city.http.get("/audit/v1/events", params={**query, "limit": 1})
    ).json()[0]
    return found


async def test_events_are_looked_for(auditor: Desk) -> None:
    await auditor.city.http.post("/control/v1/clients/machine/suspend")
    page = await auditor.see(f"{PAGE}?action=client.*&target=machine")
    assert "<code>client.suspend" in page.text
    assert "<code>staff.sign-in" not in page.text
    # 14:00 at the city's wall clock is 05:00 UTC, when nothing had happened yet
    early = await auditor.see(f"{PAGE}?to=2026-11-24T14:00")
    assert "<code>client.suspend" not in early.text
    wrong = await auditor.see(f"{PAGE}?from=yesterday")
    assert wrong.status_code == 422
    assert 'id="from-error"' in wrong.text


async def test_an_event_is_proved_and_taken_away(auditor: Desk) -> None:
    number = (await newest(auditor))["number"]
    page = await auditor.see(f"{PAGE}/{number}")
    assert "neither changed nor moved" in page.text
    proof = await auditor.browser.get(f"{PAGE}/{number}/proof")
    assert proof.text.startswith(f"c2sp.org/tlog-proof@v1\nindex {number}\n")
    assert proof.headers["content-disposition"].endswith(f'"event-{number}.tlog-proof"')
    entry = await auditor.browser.get(f"{PAGE}/{number}/entry")
    assert entry.json()["action"] == "staff.sign-in"
    assert (await auditor.see(f"{PAGE}/99999")).status_code == 404
    assert (await auditor.see(f"{PAGE}/odd")).status_code == 422


async def test_an_event_that_was_changed_is_not_proved(auditor: Desk) -> None:
    number = (await newest(auditor))["number"]
    entry = (await auditor.browser.get(f"{PAGE}/{number}/entry")).text
    table = tables.audit_events
    forged = entry.replace("staff.sign-in", "staff.sign-on")
    async with auditor.city.control.store.write() as connection:
        await connection.execute(update(table).where(table.c.number == number).values(entry=forged))
    page = await auditor.see(f"{PAGE}/{number}")
    assert "cannot be proved" in page.text
    assert "neither changed nor moved" not in page.text


async def test_the_log_is_shown_to_have_only_grown(auditor: Desk) -> None:
    kept = (await auditor.city.http.get("/audit/v1/checkpoint")).text
    await auditor.city.http.post("/control/v1/keys/rotate", json={})
    page = await auditor.post(CHECKPOINTS, decision="kept", note=kept.replace("\n", "\r\n"))
    assert "It has only grown" in page.text
    sizes = await auditor.post(CHECKPOINTS, decision="sizes", first="1", second="2")
    assert "It has only grown" in sizes.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"decision": "kept", "note": "city.example/audit\n1\nAAAA\n"}, "has signed"),
        ({"decision": "sizes", "first": "1", "second": "many"}, "two numbers"),
        ({"decision": "sizes", "first": "1", "second": "99999"}, "no checkpoint over exactly"),
    ],
)
async def test_what_cannot_be_compared_is_told_in_words(
    auditor: Desk, fields: dict[str, str], said: str
) -> None:
    answer = await auditor.post(CHECKPOINTS, **fields)
    assert answer.status_code == 422
    assert said in answer.text


async def test_a_log_that_was_rewritten_is_told(auditor: Desk) -> None:
    """A checkpoint that the log's key has signed, over another past: as after a backup."""
    signer = auditor.city.control.audit.signer
    note = signer.sign(2, b"\x07" * 32, 1_764_000_000_000)
    answer = await auditor.post(CHECKPOINTS, decision="kept", note=note)
    assert "the log was rewritten" in answer.text
