"""From the question to the token: item by item, and nothing that was not ticked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from schemas.consent import CLAIM
from tests.gateway.control.city import SECRET, City, form_of, query_of, sign_in
from tests.gateway.control.consent.apis import ask, boxes, detail, give, refresh, tokens

APPOINTMENTS = "give-appointments-transport-to-care"
TRANSPORT = detail(fields=["time", "place"], purpose="transport-to-care")
BOTH = {"scope": "medical:appointments medical:records"}


async def test_a_token_carries_exactly_what_was_agreed_to(city: City) -> None:
    body = await tokens(city, ask(TRANSPORT), until="longest")
    claims = await city.claims(body["access_token"])
    (consent,) = claims[CLAIM]
    assert body[CLAIM] == claims[CLAIM], "RFC 9396 §7"
    assert consent.pop("consent_id")
    assert consent.pop("until") == claims["iat"] + 180 * 86_400
    assert consent == {**TRANSPORT, "fields": ["time", "place"]}
    events = (await city.http.get("/audit/v1/events")).json()
    (told,) = events[0]["detail"]["consents"]
    assert told["text"], "which words were shown"
    assert told["fields"] == ["time", "place"]


async def test_scopes_alone_give_whole_data_sets_for_a_month(city: City) -> None:
    body = await tokens(city, ask(**BOTH))
    found = {one["dataset"]: one for one in body[CLAIM]}
    assert found.keys() == {"appointments", "records"}
    assert all("fields" not in one for one in found.values())
    assert all(one["purpose"] == "service-provision" for one in found.values())
    days = (found["records"]["until"] - city.control.now()) / 86_400
    assert 30 <= days <= 31, "what stands there when nobody chooses"


async def test_what_is_not_ticked_is_not_given(city: City) -> None:
    url = ask(TRANSPORT, detail("records"), **BOTH)
    body = await tokens(city, url, only=[APPOINTMENTS])
    assert [one["dataset"] for one in body[CLAIM]] == ["appointments"]
    fresh = (await refresh(city, body["refresh_token"])).json()
    assert fresh[CLAIM] == body[CLAIM], "nor is it later"


async def test_nothing_is_ticked_beforehand_and_no_is_as_easy_as_yes(city: City) -> None:
    url = ask(TRANSPORT, detail("records", essential=True), **BOTH)
    async with city.browser() as browser:
        await sign_in(browser, url)
        page = await browser.get(url)
        assert len(boxes(page)) == 2
        assert "checked" not in page.text
        assert '<button name="decision" value="deny">' in page.text
        assert "これがないと使えない" in page.text
        assert "通院のための送迎の手配" in page.text
        assert "日時、場所" in page.text
        assert "理由" not in page.text
        assert "Ride Inc." in page.text
        english = await browser.get(url + "&ui_locales=en")
        assert "Arranging transport to a medical appointment" in english.text
        easy = await browser.get(url + "&ui_locales=ja-x-easy")
        assert "病院へ 行く 車を よぶ ため" in easy.text
        assert easy.headers["content-language"] == "ja"


async def test_a_yes_to_nothing_is_asked_again(city: City) -> None:
    answer = await give(city, ask(TRANSPORT), only=[])
    assert answer.status_code == 400
    assert "印を付ける" in answer.text
    with_other_scopes = await give(city, ask(scope="medical:appointments medical:read"), only=[])
    assert "code" in query_of(with_other_scopes)


async def test_a_yes_to_other_words_than_stand_there_is_none(city: City) -> None:
    answer = await give(city, ask(TRANSPORT), **dict[str, Any]({APPOINTMENTS: "0" * 64}))
    assert answer.status_code == 409
    async with city.browser() as browser:
        url = ask(TRANSPORT)
        await sign_in(browser, url)
        fields = form_of(await browser.get(url))
        more = ask(detail(purpose="transport-to-care"))  # the same box, for all of the fields
        answer = await browser.post(more, data={**fields, "decision": "allow"})
    assert answer.status_code == 409


@pytest.mark.parametrize(("term", "days"), [("today", 1), ("month", 31), ("longest", 180)])
async def test_the_resident_says_until_when(city: City, term: str, days: int) -> None:
    body = await tokens(city, ask(TRANSPORT), until=term)
    left = body[CLAIM][0]["until"] - city.control.now()
    assert 0 < left <= days * 86_400
    assert left > (days - 2) * 86_400


async def test_never_longer_than_the_app_asked_for(city: City) -> None:
    until = int((city.clock() + timedelta(days=2)).timestamp())
    body = await tokens(city, ask({**TRANSPORT, "until": until}), until="longest")
    assert body[CLAIM][0]["until"] == until


async def test_what_has_run_out_is_carried_no_more(city: City) -> None:
    body = await tokens(city, ask(TRANSPORT), until="today")
    city.clock.advance(86_400)
    fresh = (await refresh(city, body["refresh_token"])).json()
    assert CLAIM not in fresh


async def test_a_token_may_carry_less_and_never_more(city: City) -> None:
    body = await tokens(city, ask(TRANSPORT))
    token = body["refresh_token"]
    less = json.dumps([detail(fields=["time"])])
    fresh = (await refresh(city, token, authorization_details=less)).json()
    assert fresh[CLAIM][0]["fields"] == ["time"]
    assert fresh[CLAIM][0]["consent_id"] == body[CLAIM][0]["consent_id"]
    for more in (
        detail(fields=["time", "reason"]),
        detail("records"),
        detail(purpose="care"),
        detail(until=body[CLAIM][0]["until"] + 1),
    ):
        asked = json.dumps([more])
        refused = await refresh(city, fresh["refresh_token"], authorization_details=asked)
        assert refused.json()["error"] == "invalid_authorization_details", more
    again = (await refresh(city, fresh["refresh_token"])).json()
    assert again[CLAIM] == body[CLAIM], "a refusal costs nothing, and less now is not less later"


async def test_a_machine_has_nobody_to_agree(city: City) -> None:
    refused = await city.http.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "authorization_details": json.dumps([detail()]),
        },
        auth=("machine", SECRET),
    )
    assert refused.json()["error"] == "invalid_authorization_details"


@pytest.mark.parametrize("way", ["browser", "pushed"])
async def test_wrong_details_are_told_to_the_app(city: City, way: str) -> None:
    url = ask(detail("rides"))
    if way == "browser":
        async with city.browser() as browser:
            told = query_of(await browser.get(url))
        assert told["state"] == "state-of-the-app"
    else:
        form = url.partition("?")[2]
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await city.http.post(
            "/oauth/par", content=form, headers=headers, auth=("app", SECRET)
        )
        assert answer.status_code == 400
        told = answer.json()
    assert told["error"] == "invalid_authorization_details"


async def test_the_metadata_and_the_policy_say_what_there_is(city: City) -> None:
    metadata = (await city.http.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["authorization_details_types_supported"] == ["city_data"]
    datasets = (await city.policy())["datasets"]
    assert datasets["appointments"] == {
        "legal_class": "personal",
        "domain": "medical",
        "fields": {
            "time": ["total", "entry.start"],
            "place": ["total", "entry.place"],
            "reason": ["total", "entry.reason"],
        },
    }
    assert datasets["rides"]["fields"] == {}
