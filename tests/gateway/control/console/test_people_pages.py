"""Staff, and residents' objections, in the console."""

from __future__ import annotations

import re

from gateway.control.trail import objections
from gateway.control.trail.uses import Which
from tests.gateway.control.console.desk import Desk

STAFF = "/console/staff"
OBJECTIONS = "/console/objections"


async def test_somebody_is_invited_and_given_other_roles(desk: Desk) -> None:
    page = await desk.post(
        STAFF, decision="invite", username="mori", name="森", **{"role.operator": "yes"}
    )
    assert page.status_code == 200
    found = re.search(r'id="invitation">([^<]+)<', page.text)
    assert found
    assert found[1] not in (await desk.see(STAFF)).text, "shown this once"
    people = (await desk.city.http.get("/control/v1/staff")).json()
    staff_id = next(one["staffId"] for one in people if one["username"] == "mori")
    both = {"role.operator": "yes", "role.auditor": "yes"}
    answer = await desk.post(STAFF, decision="roles", staff=staff_id, **both)
    assert answer.status_code == 422
    assert "no other role" in answer.text
    await desk.press(STAFF, "roles", staff=staff_id, **{"role.auditor": "yes"})
    await desk.press(STAFF, "suspend", staff=staff_id, sure="yes")
    await desk.press(STAFF, "resume", staff=staff_id)
    again = await desk.post(STAFF, decision="anew", staff=staff_id, sure="yes")
    assert 'id="invitation"' in again.text


async def test_nobody_suspends_themself(desk: Desk) -> None:
    answer = await desk.post(STAFF, decision="suspend", staff=desk.person.staff_id, sure="yes")
    assert answer.status_code == 422
    assert (await desk.see(STAFF)).status_code == 200, "still signed in"


async def test_an_objection_is_answered_without_a_name(desk: Desk) -> None:
    control = desk.city.control
    which = Which("2026-11-23", "app", "records", "care")
    assert await objections.make(control, "pseudonym-of-somebody", which, "Not for this")
    page = await desk.see(OBJECTIONS)
    assert "Not for this" in page.text
    assert "pseudonym-of-somebody" not in page.text
    found = re.search(r'name="objection" value="([^"]+)"', page.text)
    assert found
    empty = await desk.post(OBJECTIONS, objection=found[1])
    assert empty.status_code == 422
    told = await desk.post(OBJECTIONS, objection=found[1], answer="It was an error; sorry")
    assert told.status_code == 303
    assert "Not for this" not in (await desk.see(OBJECTIONS)).text
    (event,) = (await desk.city.http.get("/audit/v1/events?action=objection.answer")).json()
    assert event["client"] == f"staff:{desk.person.staff_id}", "a person, not the console"
    assert "It was an error" in (await desk.see(f"{OBJECTIONS}?all=yes")).text
