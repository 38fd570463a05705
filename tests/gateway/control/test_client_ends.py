"""What operators do with clients beyond registering them, and with what consents come to."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.gateway.control.city import SECRET, City
from tests.gateway.control.told.conftest import Told
from tests.gateway.control.told.conftest import told as told
from tests.services.broker.running import DEADLINE, until

CLIENTS = "/control/v1/clients"
OPERATOR = {"x-city-client": "operator"}


async def ask(city: City, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = await city.http.request(method, path, json=body, headers=OPERATOR)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_a_client_can_be_given_its_name_and_secret(small_city: City) -> None:
    secret = "chosen-elsewhere-chosen-elsewhere"
    body = {"client_id": "maps", "client_secret": secret, "client_name": "Maps"}
    made = await ask(small_city, "POST", CLIENTS, body, 201)
    assert (made["client_id"], made["client_secret"]) == ("maps", secret)
    assert "already" in (await ask(small_city, "POST", CLIENTS, body, 409))["detail"]
    for wrong in ("too-short", "山" * 30):
        refused = {**body, "client_id": "other", "client_secret": wrong}
        told = str(await ask(small_city, "POST", CLIENTS, refused, 422))
        assert "/client_secret" in told
        assert wrong not in told


async def test_everything_but_the_way_to_authenticate_can_be_changed(small_city: City) -> None:
    change = {
        "client_name": "Care",
        "client_class": "service",
        "redirect_uris": ["https://care.example/cb"],
        "scope": "openid medical:read",
        "purposes": ["care"],
        "organisation": "Clinic",
        "rate": [7, 3],
        "dpop_bound_access_tokens": True,
    }
    changed = await ask(small_city, "PATCH", f"{CLIENTS}/app", change)
    assert {name: changed[name] for name in change} == {**change, "scope": "medical:read openid"}
    assert changed["grant_types"] == ["authorization_code", "refresh_token"]
    refused = await ask(small_city, "PATCH", f"{CLIENTS}/app", {"redirect_uris": []}, 422)
    assert "authorization_code needs" in refused["errors"][0]["what"]
    refused = await ask(small_city, "PATCH", f"{CLIENTS}/app", {"scope": "a:read x"}, 422)
    assert refused["errors"][0]["where"] == "/scope"


async def test_a_new_secret_voids_the_old_one(small_city: City) -> None:
    assert (await small_city.token()).status_code == 200
    made = await ask(small_city, "POST", f"{CLIENTS}/machine/secret", None, 201)
    assert (await small_city.token()).status_code == 401
    form = {"grant_type": "client_credentials"}
    auth = ("machine", made["client_secret"])
    assert (await small_city.http.post("/oauth/token", data=form, auth=auth)).status_code == 200
    assert "has no secret" in str(await ask(small_city, "POST", f"{CLIENTS}/spa/secret", None, 409))


async def test_a_client_that_is_ended_is_gone_for_good(small_city: City) -> None:
    await ask(small_city, "DELETE", f"{CLIENTS}/machine", None, 204)
    assert (await small_city.token()).status_code == 401
    assert "machine" not in (await small_city.policy())["clients"]
    for path, status in (("machine", 404), ("nobody", 404), ("supercity-cli", 409)):
        await ask(small_city, "DELETE", f"{CLIENTS}/{path}", None, status)
    itself = {"x-city-client": "app"}
    answer = await small_city.http.delete(f"{CLIENTS}/app", headers=itself)
    assert answer.status_code == 409
    auth = ("supercity-control", SECRET)
    assert (await small_city.http.post("/oauth/token", auth=auth)).status_code != 200


async def test_the_limit_of_linkage_is_changed_while_the_city_runs(small_city: City) -> None:
    assert (await ask(small_city, "GET", "/control/v1/linkage"))["mostDomains"] == 2
    wanted = {"mostDomains": 1, "watched": [["medical", "payments"]]}
    await ask(small_city, "PUT", "/control/v1/linkage", wanted)
    assert await ask(small_city, "GET", "/control/v1/linkage") == wanted
    events = await ask(small_city, "GET", "/audit/v1/events?action=linkage.change")
    assert events[0]["client"] == "operator"
    await ask(small_city, "PUT", "/control/v1/linkage", {**wanted, "mostDomains": 0}, 422)


async def test_what_the_bootstrap_file_names_is_told_without_its_secrets(small_city: City) -> None:
    told = await ask(small_city, "GET", "/control/v1/bootstrap")
    assert told == {
        "apis": [],
        "clients": ["machine", "app", "spa", "holder"],
        "linkage": False,
    }


async def test_consents_are_counted_and_name_nobody(told: Told) -> None:
    city = told.city
    grant, _ = await told.give("records", "appointments")
    await told.give("records", resident="r-2")
    await told.give("records", until=city.control.now() - 1, resident="r-3")
    await told.withdraw(grant)
    counted = await ask(city, "GET", "/control/v1/consents")
    one = {"client": "app", "purpose": "care"}
    assert counted == [
        {**one, "dataset": "appointments", "given": 0, "withdrawn": 1, "expired": 0},
        {**one, "dataset": "records", "given": 1, "withdrawn": 1, "expired": 1},
    ]


async def test_what_a_client_has_not_acknowledged_is_told_again_when_asked(told: Told) -> None:
    await ask(told.city, "POST", f"{CLIENTS}/app/consent-notices", None, 404)
    await told.register()
    told.status = 500
    grant, _ = await told.give("records")
    await told.withdraw(grant)
    async with asyncio.timeout(DEADLINE):
        while not [one for one in await told.listed() if one["tries"] == 1]:
            await asyncio.sleep(0.01)
    (address,) = await ask(told.city, "GET", "/control/v1/notice-addresses")
    assert address == {"client": "app", "uri": told.receiver.url}
    told.status = 200
    again = await ask(told.city, "POST", f"{CLIENTS}/app/consent-notices")
    assert again == {"client": "app", "notices": 1}
    await until(lambda: told.messages)
