"""The limit of linkage: what comes together in one hand is asked about first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.consent.linkage import Holding, Limit
from gateway.control.consent.records import Given
from gateway.control.oauth.registration import ClientMetadata
from schemas.consent import CLAIM
from tests.gateway.control.city import City, decide, form_of, query_of, sign_in
from tests.gateway.control.consent.apis import ask, caring_city, give, my_page, refresh, tokens

MEDICAL, RIDES, PAYMENTS = "medical:appointments", "mobility:rides", "payments:payments"
DOMAINS = st.sampled_from(["da", "db", "dc", "dd"])
ALL = f"{MEDICAL} {RIDES} {PAYMENTS}"


def one(domain: str, *combination: str, **more: Any) -> Given:
    members: dict[str, Any] = {"withdrawn": None, "until": 100, **more}
    return Given(
        "c", "g", "a", "o", "r", domain, domain, (), "p", 0, combination=combination, **members
    )


@pytest.mark.parametrize(
    ("held", "more", "beyond"),
    [
        ((), ("da", "db"), ()),
        ((one("da"),), ("db",), ()),
        ((one("da"), one("db")), ("dc",), ("da", "db", "dc")),
        ((one("da", withdrawn=5), one("db")), ("dc",), ()),
        ((one("da", until=10), one("db")), ("dc",), ()),
        ((one("da"), one("db"), one("dc", "da", "db", "dc")), (), ()),
        ((one("da"), one("db"), one("dc", "da", "db", "dc")), ("db",), ()),
        ((one("da"), one("db"), one("dc", "da", "db", "dc")), ("dd",), ("da", "db", "dc", "dd")),
        (
            (one("da"), one("db"), one("dc", "da", "db", "dc", withdrawn=5)),
            ("dc",),
            ("da", "db", "dc"),
        ),
        ((one("dx"),), ("dy",), ("dx", "dy")),  # watched, although they are only two
    ],
)
def test_what_is_beyond_the_limit(
    held: tuple[Given, ...], more: tuple[str, ...], beyond: tuple[str, ...]
) -> None:
    limit = Limit(most_domains=2, watched=(("dx", "dy"),))
    assert Holding(limit, held).beyond(50, more) == beyond


@given(st.frozensets(DOMAINS), st.frozensets(DOMAINS))
def test_more_domains_are_never_less_beyond(some: frozenset[str], more: frozenset[str]) -> None:
    limit = Limit(most_domains=2, watched=(("da", "db"),))
    assert limit.is_exceeded_by(some | more) or not limit.is_exceeded_by(some)


async def test_what_comes_together_is_asked_about_on_a_page_of_its_own(city: City) -> None:
    first = await tokens(city, ask(scope=f"{MEDICAL} {RIDES}"))
    sisters = ask(scope=PAYMENTS, client_id="sister")
    page = await give(city, sisters, together=False)
    assert page.status_code == 200
    assert "一つの手に集まります" in page.text
    assert "医療・健康" in page.text
    assert "Ride Inc." in page.text
    assert 'value="medical mobility payments"' in page.text
    second = await tokens(city, sisters, "sister")
    assert [one["dataset"] for one in second[CLAIM]] == ["payments"]
    newest, *_ = (await city.http.get("/audit/v1/events")).json()
    (told,) = newest["detail"]["consents"]
    assert told["combination"] == ["medical", "mobility", "payments"]
    for body, client in ((first, "app"), (second, "sister")):
        assert (await refresh(city, body["refresh_token"], client)).status_code == 200


async def test_without_a_yes_to_just_that_nothing_is_handed_over(city: City) -> None:
    url = ask(scope=ALL)
    async with city.browser() as browser:
        await sign_in(browser, url)
        fields = {**form_of(await browser.get(url)), "decision": "allow"}
        asked = await browser.post(url, data=fields)
        for yes in ({}, {"combination": "medical mobility"}, {"combination": "yes"}):
            again = await browser.post(url, data={**fields, "asked_together": "yes", **yes})
            assert 'name="combination"' in again.text
            assert "印を付けてください" in again.text
        no = await browser.post(url, data={**form_of(asked), "decision": "deny"})
    assert query_of(no)["error"] == "access_denied"


async def test_fewer_items_need_no_yes(city: City) -> None:
    only = ["give-appointments-service-provision", "give-rides-service-provision"]
    body = await tokens(city, ask(scope=ALL), only=only, together=False)
    assert len(body[CLAIM]) == 2


async def test_other_organisations_are_other_hands(city: City) -> None:
    await tokens(city, ask(scope=f"{MEDICAL} {RIDES}"))
    await tokens(city, ask(scope=PAYMENTS, client_id="other"), "other", together=False)


async def test_organisations_that_become_one_join_nothing_silently(city: City) -> None:
    mine = await tokens(city, ask(scope=f"{MEDICAL} {RIDES}"))
    theirs = await tokens(city, ask(scope=PAYMENTS, client_id="other"), "other")
    merged = await city.http.patch("/control/v1/clients/other", json={"organisation": "Ride Inc."})
    assert merged.status_code == 200, merged.text
    for body, client in ((mine, "app"), (theirs, "other")):
        refused = await refresh(city, body["refresh_token"], client)
        assert refused.json()["error"] == "invalid_grant"
        assert "ask the resident anew" in refused.json()["error_description"]
    async with city.browser() as browser:
        await my_page(browser)
        url = ask(scope=PAYMENTS, client_id="other")
        agreed = await decide(browser, url, "allow")
    assert "code" in query_of(agreed)
    assert (await refresh(city, mine["refresh_token"])).status_code == 200


async def test_the_city_sets_the_limit(tmp_path: Path) -> None:
    wide = {"most_domains": 4, "watched": [["education", "medical"]]}
    async with caring_city(tmp_path, bootstrap={"linkage": wide}) as city:
        await tokens(city, ask(scope=ALL), together=False)
        url = ask(scope=f"{MEDICAL} education:enrolments", client_id="other")
        page = await give(city, url, together=False)
    assert 'value="education medical"' in page.text


def test_a_client_says_whose_it_is_and_what_for() -> None:
    with pytest.raises(ValueError, match="no purpose"):
        ClientMetadata.model_validate({"purposes": ["anything"]})
