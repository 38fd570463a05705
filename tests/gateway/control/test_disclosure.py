"""Reading a resident's data without consent: only in an emergency, and never unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway.control import tables
from gateway.control.audit.event import SECTOR
from tests.gateway.control.city import BOOTSTRAP, SECRET, City
from tests.gateway.control.consent.apis import CLIENTS, caring_city, my_page

OPERATOR = {"x-city-client": "operator"}
EMERGENCY = "/control/v1/emergency"
DISCLOSURES = f"{EMERGENCY}/disclosures"
REASON = "Unconscious after the earthquake; needs blood"
WHO = {"domain": "medical", "localId": "patient-7"}
LINKED = [{**BOOTSTRAP["residents"][0], "links": {"medical": "patient-7"}}]
SCOPES = ["operator:disclose", "operator:emergency"]
DISCLOSER = {
    "client_id": "operator",
    "client_secret": SECRET,
    "client_class": "operator",
    "scopes": SCOPES,
}


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    bootstrap = {"residents": LINKED, "clients": [*CLIENTS, DISCLOSER]}
    async with caring_city(tmp_path, bootstrap=bootstrap) as city:
        yield city


async def declare(city: City, minutes: int = 60) -> None:
    until = city.clock.now.timestamp() + minutes * 60
    body = {"reason": "Earthquake", "until": until, "level": "severe"}
    answer = await city.http.post(EMERGENCY, json=body, headers=OPERATOR)
    assert answer.status_code == 201, answer.text


async def disclose(city: City, **changes: Any) -> httpx.Response:
    body = {"who": WHO, "datasets": ["appointments"], "reason": REASON, **changes}
    return await city.http.post(DISCLOSURES, json=body, headers=OPERATOR)


async def events(city: City, action: str) -> list[dict[str, Any]]:
    table = tables.audit_events
    async with city.control.store.read() as connection:
        rows = await connection.execute(table.select().where(table.c.action == action))
        return [orjson.loads(row.entry) for row in rows]


async def test_without_an_emergency_nothing_is_disclosed(city: City) -> None:
    refused = await disclose(city)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("no-emergency")
    assert await events(city, "data.disclose") == []


async def test_the_token_is_for_the_person_the_data_and_the_purpose_alone(city: City) -> None:
    await declare(city)
    answer = await disclose(city)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    claims = await city.claims(answer.json()["access_token"])
    (detail,) = claims["authorization_details"]
    assert detail["dataset"] == "appointments"
    assert detail["purpose"] == "vital-interest"
    assert claims["client_id"] == "operator"
    assert claims["scope"] == "medical:appointments"
    assert claims["exp"] == detail["until"] == city.control.now() + 600
    async with city.control.store.read() as connection:
        (resident,) = (await connection.execute(tables.residents.select())).all()
    assert city.control.pseudonyms.open(claims["rid"], "operator") == resident.resident_id


async def test_it_is_audited_and_the_resident_reads_of_it(city: City) -> None:
    await declare(city)
    await disclose(city)
    (event,) = await events(city, "data.disclose")
    assert event["client"] == "operator"
    async with city.browser() as browser:
        page = await my_page(browser)
    assert REASON in page.text
    assert "本人のappointments" in page.text
    assert 'name="consent"' not in page.text  # nobody agreed to it, so nobody withdraws it


async def test_it_ends_with_the_emergency(city: City) -> None:
    await declare(city)
    gid = (await disclose(city, minutes=30)).json()["id"]
    assert gid not in (await city.policy())["revoked"]["families"]
    assert (await city.http.delete(EMERGENCY, headers=OPERATOR)).status_code == 204
    assert gid in (await city.policy())["revoked"]["families"]
    assert [one["target"] for one in await events(city, "disclosure.end")] == [gid]


async def test_it_never_outlasts_the_emergency_s_own_end(city: City) -> None:
    await declare(city, minutes=5)
    claims = await city.claims((await disclose(city, minutes=30)).json()["access_token"])
    assert claims["exp"] == city.control.now() + 300


async def test_a_person_is_found_by_the_pseudonym_in_the_audit_log(city: City) -> None:
    await declare(city)
    async with city.control.store.read() as connection:
        (resident,) = (await connection.execute(tables.residents.select())).all()
    pseudonym = city.control.pseudonyms.of(resident.resident_id, SECTOR)
    assert (await disclose(city, who={"pseudonym": pseudonym})).status_code == 201
    assert (await disclose(city, who={"pseudonym": "nobody"})).status_code == 404
    unknown = {"domain": "medical", "localId": "patient-8"}
    assert (await disclose(city, who=unknown)).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"datasets": ["nothing"]},
        {"datasets": []},
        {"reason": "urgent"},
        {"minutes": 31},
        {"who": {"domain": "medical"}},
    ],
)
async def test_what_cannot_be_disclosed_is_refused(city: City, changes: dict[str, Any]) -> None:
    await declare(city)
    assert (await disclose(city, **changes)).status_code == 422
    assert await events(city, "data.disclose") == []


async def test_the_gateway_asks_for_two_factors_and_the_scope(city: City) -> None:
    routes = (await city.policy())["routes"]
    (route,) = [r for r in routes if (r["method"], r["path"]) == ("POST", DISCLOSURES)]
    assert route["scopes"] == [["operator:disclose"]]
    assert route["authenticator"] == 2


async def test_disclosures_are_listed_and_counted_without_the_resident(city: City) -> None:
    await declare(city)
    await disclose(city)
    told = (await city.http.get(DISCLOSURES, headers=OPERATOR)).json()
    assert (told["ever"], told["open"]) == (1, 1)
    (one,) = told["disclosures"]
    assert (one["client"], one["datasets"], one["reason"]) == ("operator", ["appointments"], REASON)
    async with city.control.store.read() as connection:
        (resident,) = (await connection.execute(tables.residents.select())).all()
    assert not {"resident_id", "pseudonym", "subject"} & one.keys()
    assert resident.resident_id not in str(told)
    city.clock.advance(601)
    told = (await city.http.get(DISCLOSURES, headers=OPERATOR)).json()
    assert (told["ever"], told["open"], told["disclosures"][0]["open"]) == (1, 0, False)
