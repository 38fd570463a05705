"""Token exchange (RFC 8693): a service acts for a resident who has named it, and no other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.consent import CLAIM
from schemas.policy import CLAIM_GRANT, CLAIM_RESIDENT
from schemas.pseudonym import Pseudonyms
from tests.gateway.control.city import MASTER, SECRET, City, query_of, sign_in
from tests.gateway.control.consent.apis import (
    CLIENTS,
    app,
    ask,
    caring_city,
    detail,
    tokens,
)
from tests.gateway.control.oauth.prover import Prover

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ACTING = {"grant_types": ["client_credentials", EXCHANGE], "redirect_uris": []}
SERVICES = [
    app("cars", **ACTING, scopes=["medical:appointments", "mobility:read"]),
    app("bikes", **ACTING),
    app("rides", **ACTING, organisation="Rides"),
]
TIME = detail(fields=["time", "place"], purpose="transport-to-care", recipients=["cars"])


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    async with caring_city(tmp_path, bootstrap={"clients": [*CLIENTS, *SERVICES]}) as found:
        yield found


async def exchange(
    city: City, token: str, client_id: str = "cars", proof: str = "", **changes: str
) -> httpx.Response:
    form = {
        "grant_type": EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        **changes,
    }
    given = {name: value for name, value in form.items() if value}
    headers = {"dpop": proof} if proof else {}
    return await city.http.post(
        "/oauth/token", data=given, auth=(client_id, SECRET), headers=headers
    )


async def subject(city: City, *details: dict[str, Any], **more: str) -> str:
    token: str = (await tokens(city, ask(*(details or (TIME,)), **more)))["access_token"]
    return token


async def test_a_named_service_acts_with_the_same_consent(city: City) -> None:
    token = await subject(city)
    before = await city.claims(token)
    city.clock.advance(400)
    answer = await exchange(city, token)
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (body["issued_token_type"], body["token_type"]) == (ACCESS_TOKEN, "Bearer")
    assert "refresh_token" not in body
    claims = await city.claims(body["access_token"])
    assert (claims["client_id"], claims["act"]) == ("cars", {"sub": "cars"})
    assert claims["exp"] == before["exp"], "no longer than the token before"
    assert claims[CLAIM_GRANT] == before[CLAIM_GRANT], "and gone with the same grant"
    (mine,), (theirs,) = claims[CLAIM], before[CLAIM]
    assert mine == {name: value for name, value in theirs.items() if name != "recipients"}
    resident = Pseudonyms(MASTER).open(claims[CLAIM_RESIDENT], "cars")
    assert claims["sub"] == Pseudonyms(MASTER).of(resident, "client:cars") != before["sub"]


async def test_the_resident_reads_who_else_uses_it(city: City) -> None:
    async with city.browser() as browser:
        await sign_in(browser, ask(TIME))
        japanese = await browser.get(ask(TIME))
        english = await browser.get(ask(TIME) + "&ui_locales=en")
    assert "App cars も、あなたに代わって使います" in japanese.text
    assert "App cars uses it on your behalf, too" in english.text


async def test_only_who_acts_can_be_named(city: City) -> None:
    for name in ("other", "app", "nobody", "machine"):
        async with city.browser() as browser:
            sent = query_of(await browser.get(ask({**TIME, "recipients": [name]})))
        assert sent["error"] == "invalid_authorization_details"
        assert name in sent["error_description"]
    await city.http.post("/control/v1/clients/cars/suspend")
    async with city.browser() as browser:
        sent = query_of(await browser.get(ask(TIME)))
    assert sent["error"] == "invalid_authorization_details"


async def test_who_was_not_named_is_refused(city: City) -> None:
    token = await subject(city)
    stranger = await exchange(city, token, "bikes")
    assert (stranger.status_code, stranger.json()["error"]) == (400, "invalid_request")
    unnamed = await subject(city, detail(fields=["time"], purpose="transport-to-care"))
    assert (await exchange(city, unnamed)).json()["error"] == "invalid_request"
    machine = await exchange(city, token, "machine")
    assert machine.json()["error"] == "unauthorized_client"
    wrong = await city.http.post(
        "/oauth/token", data={"grant_type": EXCHANGE}, auth=("cars", "wrong")
    )
    assert wrong.json()["error"] == "invalid_client"


async def test_what_is_no_token_of_a_resident_is_refused(city: City) -> None:
    token = await subject(city)
    acting = (await exchange(city, token)).json()["access_token"]
    machine = (await city.token()).json()["access_token"]
    revoked = await subject(city)
    await city.http.post("/oauth/revoke", data={"token": revoked}, auth=("app", SECRET))
    for bad in ("x", machine, revoked, acting):
        answer = await exchange(city, bad)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    city.clock.advance(601)
    assert (await exchange(city, token)).json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"subject_token": ""}, "invalid_request"),
        ({"subject_token_type": ""}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
        (
            {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
            "invalid_request",
        ),
        ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"audience": "https://elsewhere.example"}, "invalid_target"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"scope": "medical:records"}, "invalid_scope"),
        ({"scope": "medical:appointments mobility:read"}, "invalid_scope"),
        ({CLAIM: json.dumps([detail("records")])}, "invalid_authorization_details"),
        ({CLAIM: json.dumps([detail(fields=["reason"])])}, "invalid_authorization_details"),
        ({CLAIM: json.dumps([TIME])}, "invalid_authorization_details"),
    ],
)
async def test_nothing_gets_wider(city: City, changes: dict[str, str], error: str) -> None:
    answer = await exchange(city, await subject(city), **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text


async def test_it_may_get_narrower(city: City) -> None:
    token = await subject(
        city, TIME, detail("records", purpose="service-provision", recipients=["cars"]),
        scope="medical:appointments medical:records",
    )  # fmt: skip
    answer = await exchange(city, token)
    assert answer.json()["scope"] == "medical:appointments", "what both may ask for"
    narrow = json.dumps([detail(fields=["time"])])
    answer = await exchange(city, token, **{CLAIM: narrow, "scope": "medical:appointments"})
    (consent,) = answer.json()[CLAIM]
    assert (consent["dataset"], consent["fields"]) == ("appointments", ["time"])


async def test_a_token_that_was_narrowed_hands_on_no_more_than_it_has(city: City) -> None:
    body = await tokens(city, ask(TIME))
    narrow = json.dumps([detail(fields=["time"])])
    fresh = await city.refresh(body["refresh_token"], **{CLAIM: narrow})
    answer = await exchange(city, fresh.json()["access_token"])
    assert answer.json()[CLAIM][0]["fields"] == ["time"]


async def test_the_end_of_the_grant_is_the_end_of_acting(city: City) -> None:
    body = await tokens(city, ask(TIME))
    acting = (await exchange(city, body["access_token"])).json()["access_token"]
    ended = {"token": body["refresh_token"]}
    await city.http.post("/oauth/revoke", data=ended, auth=("app", SECRET))
    assert (await exchange(city, body["access_token"])).json()["error"] == "invalid_request"
    about = await city.http.post("/oauth/introspect", data={"token": acting}, auth=("cars", SECRET))
    assert about.json() == {"active": False}


async def test_every_exchange_is_audited(city: City) -> None:
    token = await subject(city)
    await exchange(city, token)
    events = (await city.http.get("/audit/v1/events")).json()
    told = [one for one in events if one["action"] == "token.exchange"]
    given = [one for one in events if one["action"] == "consent.give"]
    assert len(told) == 1
    assert told[0]["client"] == "cars"
    assert told[0]["detail"]["of"] == "app"
    assert told[0]["subject"] == given[0]["subject"] != ""
    assert told[0]["target"] == (await city.claims(token))[CLAIM_GRANT]


async def test_the_token_can_be_bound_to_the_services_own_key(city: City) -> None:
    prover = Prover(city)
    body = (await exchange(city, await subject(city), proof=prover.proof())).json()
    assert body["token_type"] == "DPoP"
    assert (await city.claims(body["access_token"]))["cnf"] == {"jkt": prover.jkt}


async def test_what_is_handed_on_counts_for_the_limit_of_linkage(city: City) -> None:
    """Three apps hand a piece each to one service, which would have them all together."""
    pieces = (
        ("app", "medical:appointments", detail(recipients=["rides"])),
        ("sister", "mobility:rides", detail("rides", recipients=["rides"])),
        ("other", "payments:payments", detail("payments", recipients=["rides"])),
    )
    answers = []
    for client_id, scope, one in pieces:
        url = ask(one, scope=scope, client_id=client_id)
        token = (await tokens(city, url, client_id))["access_token"]
        answers.append(await exchange(city, token, "rides"))
    assert [one.status_code for one in answers] == [200, 200, 400]
    assert "medical, mobility, payments" in answers[2].json()["error_description"]
