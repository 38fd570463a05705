"""What a page of the staff does is an operation of an API, under the person's scopes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import Request

from gateway.control.staff import accounts
from gateway.control.staff.accounts import Staff
from gateway.control.staff.acting import TOKEN_LIFETIME, Answer, ask
from gateway.control.staff.roles import Role
from tests.gateway.control.city import City


async def _staff(city: City, *roles: Role) -> Staff:
    staff = accounts.new_staff("sato", "佐藤", roles, city.control.now())
    async with city.control.store.write() as connection:
        await accounts.add(connection, staff)
    return staff


async def _ask(city: City, staff: Staff, method: str, path: str, **more: Any) -> Answer:
    request = Request({"type": "http", "app": city.app, "headers": [(b"x-request-id", b"r-1")]})
    return await ask(request, staff, method, path, **more)


async def test_an_operator_does_what_the_api_does_and_the_log_names_the_person(city: City) -> None:
    staff = await _staff(city, "operator")
    found = await _ask(city, staff, "GET", "/control/v1/clients")
    assert found.ok
    assert {"machine", "city-console"} <= {one["client_id"] for one in found.body}
    done = await _ask(city, staff, "POST", "/control/v1/keys/rotate", json={})
    assert done.ok, done
    async with city.control.store.read() as connection:
        events = (await connection.exec_driver_sql(_EVENTS[connection.dialect.name])).all()
    assert (f"staff:{staff.staff_id}", "key.rotate") in [tuple(one) for one in events]


_EVENTS = {
    "sqlite": "SELECT client, action FROM audit_events",
    "postgresql": "SELECT client, action FROM control.audit_events",
}


@pytest.mark.parametrize("role", ["auditor", "developer", "data-holder"])
async def test_what_the_roles_do_not_allow_is_refused_and_said(
    small_city: City, role: Role
) -> None:
    answer = await _ask(small_city, await _staff(small_city, role), "GET", "/control/v1/clients")
    assert answer.status == 403
    assert "operator:clients" in answer.problem[1]
    assert answer.body is None


async def test_a_refusal_of_the_api_says_what_was_wrong(small_city: City) -> None:
    staff = await _staff(small_city, "operator")
    answer = await _ask(small_city, staff, "POST", "/control/v1/staff", json={"username": ""})
    assert answer.status == 422
    assert answer.problem[1]
    assert any("/username" in one for one in answer.faults)


@pytest.mark.parametrize(
    "path",
    [
        "/internal/policy", "/control/v1/clients/../../../internal/policy", "//control/v1/clients",
        "/control/v1/clients?x=1", "/control/v1/clients/%2e%2e/x", "control/v1/clients",
        "/control/v1/clients/a\nb",
    ],
)  # fmt: skip
async def test_an_id_from_a_form_leads_nowhere_else(small_city: City, path: str) -> None:
    staff = await _staff(small_city, "operator")
    assert (await _ask(small_city, staff, "GET", path)).status == 404


async def test_other_apis_are_asked_through_the_gateway_in_the_persons_name(
    small_city: City,
) -> None:
    staff = await _staff(small_city, "operator", "data-holder")
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"events": []})

    await _through(small_city, answer)
    for _ in range(2):
        assert (await _ask(small_city, staff, "GET", "/events/v1/dead-letters")).ok
    tokens = [one.headers["authorization"].partition(" ")[2] for one in sent]
    assert tokens[0] == tokens[1], "one token is used until near its end"
    claims = await small_city.claims(tokens[0])
    assert claims["sub"] == staff.staff_id
    assert claims["client_id"] == "city-console"
    assert claims["exp"] - claims["iat"] == TOKEN_LIFETIME
    assert "operator:events" in claims["scope"]
    small_city.clock.advance(TOKEN_LIFETIME)
    await _ask(small_city, staff, "GET", "/events/v1/dead-letters")
    assert sent[-1].headers["authorization"] != sent[0].headers["authorization"]


async def test_a_token_that_was_revoked_is_replaced_once(small_city: City) -> None:
    staff = await _staff(small_city, "operator")
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["authorization"])
        return httpx.Response(401, json={"title": "Unauthorized", "detail": "revoked"})

    await _through(small_city, answer)
    assert (await _ask(small_city, staff, "GET", "/events/v1/dead-letters")).status == 401
    assert len(set(sent)) == len(sent) == 2


async def test_a_gateway_that_is_away_is_a_refusal_and_no_failure(small_city: City) -> None:
    staff = await _staff(small_city, "operator")

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    await _through(small_city, answer)
    assert (await _ask(small_city, staff, "GET", "/events/v1/dead-letters")).status == 503


async def test_nobody_outside_gets_a_token_for_the_pages_client(small_city: City) -> None:
    form = {"grant_type": "client_credentials", "client_id": "city-console"}
    answer = await small_city.http.post("/oauth/token", data=form)
    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.text


async def _through(city: City, answer: Any) -> None:
    """Let the gateway answer so."""
    acting = city.app.state.acting
    await acting.close()
    acting.gateway = httpx.AsyncClient(
        transport=httpx.MockTransport(answer), base_url="http://gateway"
    )
