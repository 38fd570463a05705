"""The Digital Agency's example: a hospital's booking app, consent, and an on-demand transport.

The app of a hospital registers an appointment; the resident lets the transport have when and where
it is, and nothing of why (エリアデータ連携基盤の共同利用ガイドブック 第3.0版 §15).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.journeys.browser import Browser
from tests.journeys.city import City, until
from tests.journeys.partner import REDIRECT, Partner

APPOINTMENTS = "/medical/v1/residents/me/appointments"
TIME_AND_PLACE = {
    "type": "city_data",
    "dataset": "appointments",
    "fields": ["time", "place"],
    "purpose": "transport-to-care",
}
APPOINTMENT = {
    "resourceType": "Appointment",
    "status": "booked",
    "serviceType": [{"text": "循環器内科"}],
    "reasonCode": [{"text": "胸の痛み"}],
    "start": "2027-01-12T10:00:00+09:00",
    "end": "2027-01-12T10:20:00+09:00",
    "participant": [
        {"actor": {"reference": "Patient/me"}, "status": "accepted"},
        {"actor": {"reference": "Location/mirai-redcross"}, "status": "accepted"},
    ],
}
SEEN = {
    "resourceType": "Appointment",
    "status": "booked",
    "start": APPOINTMENT["start"],
    "end": APPOINTMENT["end"],
    "contained": [
        {
            "resourceType": "Location",
            "name": "みらい中央病院",
            "address": {"text": "みらい市駅東二丁目4番8号"},
            "position": {"longitude": 139.8921, "latitude": 36.5484},
        }
    ],
}

SEEN_IN_WORDS = "みらい送迎 (みらい送迎 Inc.) が「本人の診療予約」を見ました。"


@dataclass
class App:
    """An app, and what Hana agreed to with it."""

    name: str
    tokens: dict[str, Any]

    @property
    def token(self) -> str:
        return str(self.tokens["access_token"])

    @property
    def consent(self) -> str:
        return str(self.tokens["authorization_details"][0]["consent_id"])


def agreed(city: City, name: str, scope: str, purpose: str, *details: dict[str, Any]) -> App:
    """A partner's app that is registered, and agreed to by Hana."""
    client_id, secret = city.register(
        scope,
        client_name=name,
        client_class="partner",
        grant_types=["authorization_code", "refresh_token"],
        redirect_uris=[REDIRECT],
        purposes=[purpose],
        organisation=f"{name} Inc.",
    )
    partner = Partner(city, client_id, secret)
    back = Browser(city).allow(partner.authorize_url(scope, *details), "hana", name)
    answer = partner.redeem(back["code"])
    assert answer.status_code == 200, answer.text
    return App(name, answer.json())


def trail_of(browser: Browser) -> str:
    """Who used Hana's data, in words; once all gateways have told of it."""

    def told() -> bool:
        return SEEN_IN_WORDS in browser.get("/my/uses").text

    until(told, 30)
    return browser.get("/my/uses").text


@pytest.fixture(scope="module")
def booking(city: City) -> App:
    """The hospital's app; and its appointment for Hana."""
    app = agreed(city, "みらい予約", "medical:book medical:appointments", "care")
    with city.bearer(app.token) as http:
        # until the control plane has linked her to her record
        until(lambda: http.get(APPOINTMENTS).status_code == 200, 30)
        booked = http.post(APPOINTMENTS, json=APPOINTMENT, headers={"idempotency-key": "visit-1"})
        assert booked.status_code == 201, booked.text
        assert booked.json()["reasonCode"] == APPOINTMENT["reasonCode"]
    return app


def test_the_transport_gets_time_and_place_until_that_is_withdrawn(
    city: City, booking: App
) -> None:
    scope = "medical:appointments mobility:read consents:read"
    transport = agreed(city, "みらい送迎", scope, "transport-to-care", TIME_AND_PLACE)
    with city.bearer(transport.token) as http:
        answer = http.get(APPOINTMENTS)
        assert answer.status_code == 200, answer.text
        seen = [entry["resource"] for entry in answer.json()["entry"]]
        assert SEEN in seen
        assert "胸の痛み" not in answer.text
        assert "循環器" not in answer.text
        assert "Patient" not in answer.text
        # what it was not given: another purpose, another data set, writing
        other = http.get(APPOINTMENTS, headers={"city-purpose": "care"})
        assert other.status_code == 403
        assert http.get("/medical/v1/residents/me/records").status_code == 403
        assert http.post(APPOINTMENTS, json=APPOINTMENT).status_code == 403
        # it can keep what it was given
        held = http.get("/residents/v1/me/consents").json()
        assert [(one["dataset"], one["fields"], one["purpose"]) for one in held] == [
            ("appointments", ["time", "place"], "transport-to-care")
        ]
        receipt = http.get(f"/residents/v1/me/consents/{transport.consent}/receipt").json()
        assert receipt["receipt"]["dct:identifier"] == transport.consent
        assert receipt["jws"].count(".") == 2

        browser = Browser(city)
        page = browser.withdraw(transport.consent, "hana")
        assert "取り消しました" in page.text
        until(lambda: http.get(APPOINTMENTS).status_code in {401, 403}, seconds=2)
    with city.bearer(booking.token) as http:
        assert http.get(APPOINTMENTS).status_code == 200, "the hospital's app goes on"
    assert "みらい送迎 に同意しました。" in page.text
    assert "みらい送迎 への同意を取り消しました。" in page.text
    told = trail_of(browser)
    assert "通院のための送迎の手配" in told
    assert "みらい予約" in told, "the other app's accesses are there too"


def test_one_consent_is_withdrawn_and_the_rest_of_the_app_goes_on(city: City) -> None:
    scope = "medical:appointments medical:records"
    app = agreed(city, "みらい健康", scope, "care")
    ids = {one["dataset"]: one["consent_id"] for one in app.tokens["authorization_details"]}
    with city.bearer(app.token) as http:
        until(lambda: http.get(APPOINTMENTS).status_code == 200, 30)
        Browser(city).withdraw(ids["appointments"], "hana")
        until(lambda: http.get(APPOINTMENTS).status_code == 403, seconds=2)
        refused = http.get(APPOINTMENTS).json()
        assert refused["type"].endswith("consent-missing")
        assert http.get("/medical/v1/residents/me/records").status_code == 200
