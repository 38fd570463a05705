"""A resident, and nobody else, gets a copy of everything about them, for the password once more."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

import httpx
import pytest

from gateway.control.portability import page as page_module
from tests.gateway.control.audit.accesses import access, logged, send
from tests.gateway.control.city import PASSWORD, City, csrf_of
from tests.gateway.control.consent.apis import ask, caring_city, detail, tokens
from tests.gateway.control.portability.holders import Holders, json_of, never
from tests.gateway.control.trail.people import at_home, hanako, object_to

PATH = "/my/download"
RECORDS = {"resourceType": "Bundle", "entry": [{"note": "<b>very</b> private"}]}


@pytest.fixture
def holders() -> Holders:
    return Holders(
        {
            "/medical/v1/residents/me/records": json_of(RECORDS),
            "/medical/v1/residents/me/appointments": json_of({"total": 0}),
            "/mobility/v1/residents/me/rides": never,
            "/payments/v1/residents/me/payments": json_of({}, 401),
        }
    )


@pytest.fixture
async def city(tmp_path: Path, holders: Holders) -> AsyncIterator[City]:
    async with caring_city(tmp_path) as city, holders.client() as http:
        await city.app.state.gateway_http.aclose()
        city.app.state.gateway_http = http
        yield city


async def download(
    browser: httpx.AsyncClient, password: str = PASSWORD, language: str = "en"
) -> httpx.Response:
    url = f"{PATH}?lang={language}"
    form = {"csrf": csrf_of(await browser.get(url)), "password": password}
    return await browser.post(url, data=form)


def opened(answer: httpx.Response) -> ZipFile:
    assert answer.status_code == 200, answer.text
    archive = ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


async def test_it_has_all_that_the_platform_holds(city: City) -> None:
    await tokens(city, ask(detail(purpose="transport-to-care")))
    await send(city, access(0, await hanako(city)))
    async with at_home(city) as browser:
        await object_to(browser, "I have moved")
        answer = await download(browser)
    archive = opened(answer)

    def part(name: str) -> Any:
        return json.loads(archive.read(f"{name}.json"))

    account = part("Account")
    assert (account["username"], account["name"]) == ("hanako", "花子")
    assert len(account["sessions"]) == 2
    (consent,) = part("Consents and receipts")
    assert consent["dataset"] == "appointments"
    assert consent["shownToYou"][0] == "App app（Ride Inc.）"
    assert consent["receipt"]["dct:identifier"] == consent["id"]
    assert consent["jws"].count(".") == 2
    (use,) = part("Who looked at your data")
    assert (use["app"], use["times"]) == ("App app (Ride Inc.)", 1)
    (objection,) = part("Objections and answers")
    assert objection["reason"] == "I have moved"
    actions = {one["action"] for one in part("The audit log, as it is")}
    assert actions >= {"consent.give", "data.access", "resident.object", "resident.download"}
    assert "very" not in account


async def test_it_has_what_holders_gave_as_it_came_and_names_who_did_not(
    city: City, holders: Holders
) -> None:
    async with at_home(city) as browser:
        archive = opened(await download(browser))
    assert json.loads(archive.read("data/records.json")) == RECORDS
    manifest = json.loads(archive.read("manifest.json"))
    for file in manifest["hasPart"]:
        content = archive.read(file["name"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    listed = {file["name"] for file in manifest["hasPart"]}
    assert listed == set(archive.namelist()) - {"manifest.json", "Read me first.html"}
    missing = manifest["https://w3id.org/dpv#hasNotAvailableData"]
    assert {one["identifier"]: one["description"] for one in missing} == {
        "enrolments": "nothing",
        "payments": "refused",
        "rides": "silent",
    }
    page = archive.read("Read me first.html").decode()
    assert "&lt;b&gt;very&lt;/b&gt; private" in page
    assert "asks for a stronger sign-in" in page


async def test_holders_are_asked_in_the_residents_own_name(city: City, holders: Holders) -> None:
    async with at_home(city) as browser:
        await download(browser)
    (token,) = {one.headers["authorization"].removeprefix("Bearer ") for one in holders.asked}
    claims = await city.claims(token)
    assert claims["client_id"] == "my-page"
    assert claims["exp"] - claims["iat"] <= 120
    assert claims["acr"] == "urn:supercity:aal:1"
    consents = claims["authorization_details"]
    assert {one["purpose"] for one in consents} == {"own-access"}
    assert {one["dataset"] for one in consents} >= {"records", "appointments", "rides"}
    assert "my-page" in (await city.policy())["clients"], "gateways know it"
    assert all("write" not in scope for scope in claims["scope"].split())


async def test_it_leaves_no_consent_and_is_in_the_trail_as_ones_own(city: City) -> None:
    await send(city, access(0, await hanako(city), client="my-page", purpose="own-access"))
    async with at_home(city) as browser:
        await download(browser)
        shared = await browser.get("/my?lang=en")
        uses = await browser.get("/my/uses?lang=en")
    assert "my-page" not in shared.text
    assert "You yourself looked at “appointments”." in uses.text
    assert 'name="reason"' not in uses.text, "nobody objects to themself"
    newest = (await logged(city))[0]
    assert (newest["action"], newest["client"]) == ("resident.download", "resident")


async def test_the_file_is_named_in_the_residents_language_and_kept_by_nobody(city: City) -> None:
    async with at_home(city) as browser:
        answer = await download(browser, language="easy")
    named = unquote(answer.headers["content-disposition"])
    assert named == "attachment; filename*=UTF-8''わたしの データ 2026-11-24.zip"
    assert answer.headers["cache-control"] == "no-store"
    assert "データ/本人のrecords.json" in opened(answer).namelist()


async def test_only_who_knows_the_password_gets_it(city: City, holders: Holders) -> None:
    async with city.browser() as stranger:
        for answer in (await stranger.get(PATH), await stranger.post(PATH, data={})):
            assert (answer.status_code, answer.headers["location"]) == (303, "/my")
    async with at_home(city) as browser:
        wrong = await download(browser, "not it")
        assert (wrong.status_code, "The password or the number is wrong." in wrong.text) == (
            403,
            True,
        )
        assert (await browser.post(PATH, data={"password": PASSWORD})).status_code == 403
    assert holders.asked == []


async def test_who_does_it_often_has_to_wait(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "OFTEN", 1)
    async with at_home(city) as browser:
        assert (await download(browser)).status_code == 200
        refused = await download(browser)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        city.clock.advance(2)
        assert (await download(browser)).status_code == 200


async def test_a_token_of_the_page_is_given_to_nobody_who_asks(city: City) -> None:
    basic = base64.b64encode(b"my-page:").decode()
    for form in ({"client_id": "my-page"}, {}):
        answer = await city.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", **form},
            headers={} if form else {"authorization": f"Basic {basic}"},
        )
        assert answer.status_code in {400, 401}
