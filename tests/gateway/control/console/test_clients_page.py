"""Clients in the console: approved or not, limited, suspended, given another secret."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.gateway.control.console.desk import Desk

PAGE = "/console/clients"
METADATA = {
    "client_name": "Bus times", "scope": "mobility:read disaster:read",
    "purposes": ["service-provision", "transport-to-care"],
}  # fmt: skip


async def register(desk: Desk) -> dict[str, Any]:
    made: dict[str, Any] = (await desk.city.http.post("/oauth/register", json=METADATA)).json()
    return made


async def state(desk: Desk, client_id: str = "machine") -> dict[str, Any]:
    found: dict[str, Any] = (await desk.city.http.get(f"/control/v1/clients/{client_id}")).json()
    return found


async def test_who_waits_is_approved_with_less_than_was_asked(desk: Desk) -> None:
    made = await register(desk)
    path = f"{PAGE}/{made['client_id']}"
    assert "Bus times" in (await desk.see(PAGE)).text
    page = await desk.see(path)
    assert page.text.count('name="scope.') == 2
    assert "Arranging transport" in page.text
    ticked = {"scope.mobility:read": "yes", "purpose.service-provision": "yes"}
    await desk.press(path, "approve", client_class="data-holder", **ticked)
    found = await state(desk, made["client_id"])
    assert (found["state"], found["scope"]) == ("active", "mobility:read")
    assert (found["purposes"], found["client_class"]) == (["service-provision"], "data-holder")
    events = (await desk.city.http.get("/audit/v1/events?action=client.approve")).json()
    assert events[0]["client"] == f"staff:{desk.person.staff_id}"


async def test_nothing_beyond_what_was_asked_can_be_given(desk: Desk) -> None:
    made = await register(desk)
    answer = await desk.post(
        f"{PAGE}/{made['client_id']}",
        decision="approve",
        **{"scope.operator:keys": "yes", "purpose.service-provision": "yes"},
    )
    assert answer.status_code == 422
    assert "was not asked for" in answer.text
    assert (await state(desk, made["client_id"]))["state"] == "pending"


async def test_who_is_refused_is_told_why_in_the_log(desk: Desk) -> None:
    made = await register(desk)
    path = f"{PAGE}/{made['client_id']}"
    answer = await desk.post(path, decision="refuse", reason="no")
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.text, "beside the field"
    await desk.press(path, "refuse", reason="Nobody knows them")
    assert (await state(desk, made["client_id"]))["state"] == "refused"


async def test_suspending_asks_once_more(desk: Desk) -> None:
    answer = await desk.post(f"{PAGE}/machine", decision="suspend")
    assert answer.status_code == 422
    assert not (await state(desk))["suspended"]
    await desk.press(f"{PAGE}/machine", "suspend", sure="yes")
    assert (await state(desk))["suspended"]
    assert "machine" in (await desk.see(f"{PAGE}?state=suspended")).text
    await desk.press(f"{PAGE}/machine", "resume")
    assert not (await state(desk))["suspended"]


async def test_a_new_secret_is_shown_this_once(desk: Desk) -> None:
    answer = await desk.post(f"{PAGE}/machine", decision="secret", overlap="none", sure="yes")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r'id="secret">([^<]+)<', answer.text)
    assert found
    form = {"grant_type": "client_credentials"}
    given = await desk.city.http.post("/oauth/token", data=form, auth=("machine", found[1]))
    assert given.status_code == 200
    assert found[1] not in (await desk.see(f"{PAGE}/machine")).text


async def test_limits_and_purposes_are_set(desk: Desk) -> None:
    await desk.press(f"{PAGE}/machine", "limits", requests="7", seconds="2", quota="1000")
    await desk.press(f"{PAGE}/machine", "purposes", organisation="Kita", **{"purpose.care": "yes"})
    found = await state(desk)
    assert (found["rate"], found["quota"]) == ([7, 2], 1000)
    assert (found["purposes"], found["organisation"]) == (["care"], "Kita")
    answer = await desk.post(f"{PAGE}/machine", decision="limits", quota="many")
    assert answer.status_code == 422
    assert 'value="many"' in answer.text, "what was typed stays"


@pytest.mark.parametrize("client", ["nobody", "..%2f..%2finternal%2fpolicy", "a%3fb"])
async def test_a_client_that_there_is_not_has_a_page_that_says_so(desk: Desk, client: str) -> None:
    page = await desk.see(f"{PAGE}/{client}")
    assert page.status_code == 404
