"""An emergency in the whole city: who is still served, what opens, and that it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from tests.journeys.city import City, until

PATH = "/control/v1/emergency"
ALERTS = "/disaster/v1/alerts"
FACILITIES = "/administration/v1/facilities"
HOSPITALS = "/medical/v1/hospitals"


def test_an_emergency_sets_the_city_aside_for_what_saves_lives(city: City) -> None:
    with httpx.Client(base_url=city.url) as anybody, city.client() as app:
        assert anybody.get(HOSPITALS).status_code == 401
        assert app.get(FACILITIES).status_code == 200
        with city.client("operator") as operator:
            end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            body = {"reason": "Earthquake", "until": end, "level": "critical"}
            assert app.post(PATH, json=body).status_code == 403
            assert operator.post(PATH, json=body).status_code == 201
            try:
                # the call returns when the policy is published; the workers follow at once
                until(lambda: anybody.get(HOSPITALS).is_success, 1)
                turned_away = app.get(FACILITIES)
                assert turned_away.status_code == 503
                assert int(turned_away.headers["retry-after"]) > 0
                assert turned_away.headers["x-city-emergency"].startswith("critical;until=@")
                assert anybody.get(ALERTS).status_code == 200
                hospitals = anybody.get(HOSPITALS)
                assert hospitals.status_code == 200
                assert hospitals.json()["items"]
                # nothing about a person opens, and whoever needs a token gets one
                assert anybody.get("/medical/v1/residents/me/records").status_code == 401
                auth = ("sample-app", city.secret("sample-app"))
                form = {"grant_type": "client_credentials"}
                assert anybody.post("/oauth/token", data=form, auth=auth).status_code == 200
            finally:
                assert operator.delete(PATH).status_code == 204
        until(lambda: app.get(FACILITIES).is_success, 1)
        assert anybody.get(HOSPITALS).status_code == 401
