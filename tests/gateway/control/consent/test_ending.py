"""Ending consents: one by one, all of an app, by the resident or by the app; and the receipts."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.consent import withdraw as withdrawing
from gateway.control.consent.ending import Ending
from gateway.control.state import Control
from schemas.consent import CLAIM
from schemas.policy import CLAIM_GRANT
from tests.gateway.control.city import SECRET, City, csrf_of
from tests.gateway.control.consent.apis import ask, detail, my_page, refresh, tokens

BOTH = "medical:appointments medical:records"
PARTS = detail(fields=["time", "place"], purpose="transport-to-care")


async def two(city: City) -> tuple[dict[str, Any], dict[str, str]]:
    """An app with two consents: its tokens, and the consent ids by data set."""
    body = await tokens(city, ask(PARTS, detail("records"), scope=BOTH))
    return body, {one["dataset"]: one["consent_id"] for one in body[CLAIM]}


async def withdraw(browser: httpx.AsyncClient, consent: str) -> httpx.Response:
    csrf = csrf_of(await my_page(browser))
    return await browser.post(
        "/my", data={"csrf": csrf, "decision": "withdraw", "consent": consent}
    )


async def test_one_consent_ends_and_the_other_lives_on(city: City) -> None:
    body, ids = await two(city)
    async with city.browser() as browser:
        page = await my_page(browser)
        assert all(found in page.text for found in ids.values())
        assert "日時、場所" in page.text
        await withdraw(browser, ids["appointments"])
        after = await my_page(browser)
    assert ids["appointments"] not in after.text
    assert ids["records"] in after.text
    revoked = (await city.policy())["revoked"]
    assert list(revoked["consents"]) == [ids["appointments"]]
    assert revoked["families"] == {}
    shown = await city.http.post(
        "/oauth/introspect", data={"token": body["access_token"]}, auth=("app", SECRET)
    )
    assert [one["dataset"] for one in shown.json()[CLAIM]] == ["records"], "RFC 9396 §9.2"
    fresh = (await refresh(city, body["refresh_token"])).json()
    assert [one["dataset"] for one in fresh[CLAIM]] == ["records"]
    newest, *_ = (await city.http.get("/audit/v1/events")).json()
    assert (newest["action"], newest["client"]) == ("consent.withdraw", "resident")
    assert newest["detail"] == {"consents": [ids["appointments"]], "grant": False}


async def test_with_the_last_consent_the_grant_ends(city: City) -> None:
    body, ids = await two(city)
    async with city.browser() as browser:
        for consent in ids.values():
            await withdraw(browser, consent)
        page = await my_page(browser)
    assert "同意しているアプリはありません" in page.text
    gid = (await city.claims(body["access_token"]))[CLAIM_GRANT]
    assert list((await city.policy())["revoked"]["families"]) == [gid]
    assert (await refresh(city, body["refresh_token"])).json()["error"] == "invalid_grant"


async def test_all_of_an_app_ends_in_one_press_and_no_other_app(city: City) -> None:
    held = [await two(city) for _ in "12"]
    other = await tokens(city, ask(scope=BOTH, client_id="other"), "other")
    async with city.browser() as browser:
        page = await my_page(browser)
        assert page.text.count('value="client:app"') == 1
        await withdraw(browser, "client:app")
    for body, _ in held:
        assert (await refresh(city, body["refresh_token"])).status_code == 400
    assert (await refresh(city, other["refresh_token"], "other")).status_code == 200


async def test_nobody_ends_what_is_anothers_or_over(city: City) -> None:
    _, ids = await two(city)
    async with city.browser() as browser:
        for which in ("nothing", "", "client:", "client:other"):
            answer = await withdraw(browser, which)
            assert "done" not in answer.headers["location"], which
        await withdraw(browser, ids["records"])
        again = await withdraw(browser, ids["records"])
    assert "done" not in again.headers["location"]


async def test_every_way_of_ending_runs_the_hooks(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Ending] = []

    async def see(control: Control, connection: AsyncConnection, ending: Ending) -> None:
        seen.append(ending)

    monkeypatch.setattr(withdrawing, "HOOKS", [*withdrawing.HOOKS, see])
    body, ids = await two(city)
    headers = await _through_the_gateway(city, body, "consents:withdraw")
    path = f"/residents/v1/me/consents/{ids['records']}"
    assert (await city.http.delete(path, headers=headers)).status_code == 204
    await city.http.post(
        "/oauth/revoke", data={"token": body["refresh_token"]}, auth=("app", SECRET)
    )
    replayed, _ = await two(city)
    await refresh(city, replayed["refresh_token"])
    await refresh(city, replayed["refresh_token"])
    one, two_, three = seen
    assert [(e.action, e.actor, e.whole, len(e.consents)) for e in seen] == [
        ("consent.end", "app", False, 1),
        ("consent.end", "app", True, 1),
        ("consent.end", "app", True, 2),
    ]
    assert one.grant.gid == two_.grant.gid != three.grant.gid


async def _through_the_gateway(city: City, body: dict[str, Any], scope: str) -> dict[str, str]:
    """The fields that the gateway would set for a token."""
    claims = await city.claims(body["access_token"])
    return {
        "x-city-client": claims["client_id"],
        "x-city-scope": scope,
        "x-city-grant": claims[CLAIM_GRANT],
    }


async def test_an_app_reads_what_it_holds_and_nothing_of_others(city: City) -> None:
    body, ids = await two(city)
    other = await tokens(city, ask(scope=BOTH, client_id="other"), "other")
    headers = await _through_the_gateway(city, body, "consents:read")
    path = "/residents/v1/me/consents"
    held = (await city.http.get(path, headers=headers)).json()
    assert {one["consentId"] for one in held} == set(ids.values())
    assert {one["state"] for one in held} == {"given"}
    foreign = other[CLAIM][0]["consent_id"]
    for answer in (
        await city.http.get(f"{path}/{foreign}/receipt", headers=headers),
        await city.http.delete(f"{path}/{foreign}", headers=headers),
    ):
        assert answer.status_code == 404
    nobody = {**headers, "x-city-grant": ""}
    assert (await city.http.get(path, headers=nobody)).status_code == 403
    stolen = {**headers, "x-city-client": "other"}
    assert (await city.http.get(path, headers=stolen)).status_code == 403


async def test_a_receipt_says_what_was_agreed_to_and_proves_it(city: City) -> None:
    body, ids = await two(city)
    async with city.browser() as browser:
        path = f"/my/consents/{ids['appointments']}/receipt"
        assert (await browser.get(path)).headers["location"] == "/my", "only who is signed in"
        await my_page(browser)
        await withdraw(browser, ids["appointments"])
        answer = await browser.get(path)
        assert "attachment" in answer.headers["content-disposition"]
        assert (await browser.get("/my/consents/nothing/receipt")).status_code == 404
    receipt, signed = answer.json()["receipt"], answer.json()["jws"]
    keys = KeySet.import_key_set((await city.http.get("/oauth/jwks")).json())
    proven = jws.deserialize_compact(signed, keys, algorithms=["Ed25519"])
    assert orjson.loads(proven.payload) == receipt
    assert proven.protected["typ"] == "consent-receipt+jws"
    head, payload, signature = signed.split(".")
    forged = ".".join((head, payload[:-2] + ("AA" if payload[-2:] != "AA" else "BB"), signature))
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(forged, keys, algorithms=["Ed25519"])
    process = receipt["dpv:hasProcess"]
    assert process["dpv:hasPersonalData"]["dct:hasPart"] == ["time", "place"]
    assert process["dpv:hasPurpose"]["@type"] == "dpv:DeliveryOfGoods"
    assert "通院のための送迎の手配" in receipt["dpv:hasNotice"]["dct:description"]
    assert receipt["dpv:hasNotice"]["dct:language"] == "ja"
    states = [one["dpv:hasConsentStatus"] for one in receipt["dpv:hasRecordOfActivity"]]
    assert states == ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]
    subject = (await city.claims(body["access_token"]))["sub"]
    assert receipt["dpv:hasDataSubject"]["dct:identifier"] == subject
    other = await tokens(city, ask(scope=BOTH, client_id="other"), "other")
    headers = await _through_the_gateway(city, other, "consents:read")
    theirs = await city.http.get(
        f"/residents/v1/me/consents/{other[CLAIM][0]['consent_id']}/receipt", headers=headers
    )
    assert theirs.json()["receipt"]["dpv:hasDataSubject"]["dct:identifier"] != subject
