"""A resident lets an app read her own records, and takes that back."""

from __future__ import annotations

import base64
import secrets

import pytest

from tests.journeys.browser import Browser, found_in
from tests.journeys.city import City, until
from tests.journeys.partner import Partner

RECORDS = "/medical/v1/residents/me/records"


@pytest.fixture(scope="module")
def linked(city: City) -> City:
    """The city once the control plane has linked its residents to their records."""

    def all_told() -> bool:
        tokens = granted(city, "kenji", "medical:records")
        with city.bearer(tokens["access_token"]) as http:
            return http.get(RECORDS).status_code == 200

    until(all_told, 30)
    return city


def granted(city: City, resident: str, scope: str) -> dict[str, str]:
    """Tokens that a resident has agreed to."""
    partner = Partner(city)
    back = Browser(city).allow(partner.authorize_url(scope), resident)
    assert back["state"] == partner.state
    assert back["iss"] == city.url  # RFC 9207
    answer = partner.redeem(back["code"])
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


def test_a_resident_lets_an_app_read_her_own_records_and_nobody_elses(linked: City) -> None:
    hana = granted(linked, "hana", "medical:records")
    taro = granted(linked, "taro", "medical:records")
    with linked.bearer(hana["access_token"]) as hers, linked.bearer(taro["access_token"]) as his:
        hers_read, his_read = hers.get(RECORDS), his.get(RECORDS)
        assert hers_read.status_code == his_read.status_code == 200
        assert "patient-hana" in hers_read.text
        assert "patient-taro" not in hers_read.text
        assert "patient-taro" in his_read.text
        # naming somebody else in the path opens nothing
        assert hers.get("/medical/v1/residents/patient-taro/records").status_code == 403
        # nor does another scope
        assert hers.get("/education/v1/residents/me/enrolments").status_code == 403


def test_withdrawn_consent_is_refused_everywhere_within_a_second(linked: City) -> None:
    tokens = granted(linked, "hana", "medical:records")
    partner = Partner(linked)
    with linked.bearer(tokens["access_token"]) as http:
        assert http.get(RECORDS).status_code == 200
        assert partner.revoke(tokens["refresh_token"]).status_code == 200
        until(lambda: http.get(RECORDS).status_code == 401, seconds=1)
    assert partner.refresh(tokens["refresh_token"]).status_code == 400


def test_a_refresh_token_works_once_and_its_reuse_ends_the_grant(linked: City) -> None:
    tokens = granted(linked, "taro", "medical:records")
    partner = Partner(linked)
    fresh = partner.refresh(tokens["refresh_token"])
    assert fresh.status_code == 200
    assert partner.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert partner.refresh(fresh.json()["refresh_token"]).status_code == 400
    with linked.bearer(fresh.json()["access_token"]) as http:
        until(lambda: http.get(RECORDS).status_code == 401, seconds=2)


def test_a_code_works_once_with_its_own_verifier(linked: City) -> None:
    partner, thief = Partner(linked), Partner(linked)
    url = partner.authorize_url("medical:records")
    code = Browser(linked).allow(url, "hana")["code"]
    assert thief.redeem(code).json()["error"] == "invalid_grant"


def test_a_wrong_password_opens_nothing(linked: City) -> None:
    page = Browser(linked).sign_in(Partner(linked).authorize_url("medical:records"), "hana", "no")
    assert 'name="password"' in page.text


@pytest.mark.parametrize("place", ["127.0.0.2", "127.0.0.1.example", "localhost"])
def test_an_app_cannot_be_answered_elsewhere(linked: City, place: str) -> None:
    url = Partner(linked).authorize_url("medical:records").replace("127.0.0.1", place)
    answer = Browser(linked).get(url)
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_resident_files_a_procedure_and_pays(linked: City) -> None:
    tokens = granted(linked, "hana", "administration:procedures payments:pay payments:read")
    with linked.bearer(tokens["access_token"]) as http:
        filings = http.get("/administration/v1/residents/me/filings")
        assert filings.status_code == 200, filings.text
        before = int(http.get("/payments/v1/residents/me/balance").json()["balance"])
        order = {"amount": "210", "currency": "JPY", "creditorAccount": "acct-mirai-bus"}
        headers = {"idempotency-key": secrets.token_hex(16)}
        paid = http.post("/payments/v1/residents/me/payments", json=order, headers=headers)
        assert paid.status_code == 201, paid.text
        assert before - int(http.get("/payments/v1/residents/me/balance").json()["balance"]) == 210


def test_two_apps_know_the_same_resident_by_different_names(linked: City) -> None:
    def subject(token: str) -> str:
        part = token.split(".")[1]
        claims = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        return found_in(r'"sub":\s*"([^"]+)"', claims)

    mine = subject(granted(linked, "hana", "medical:records")["access_token"])
    again = subject(granted(linked, "hana", "medical:records")["access_token"])
    his = subject(granted(linked, "taro", "medical:records")["access_token"])
    assert mine == again != his
    assert "hana" not in mine
