"""The certified clients of npm, as anybody uses them, against a running city."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.journeys import node
from tests.journeys.browser import Browser
from tests.journeys.city import City
from tests.journeys.test_residents import linked

__all__ = ["linked"]  # a fixture

REDIRECT = "http://127.0.0.1:8098/callback"
SCOPE = "openid profile medical:records"
RECORDS = "/medical/v1/residents/me/records"
STOPS = "/mobility/v1/stops"


def resident_of(city: City, resident: str) -> node.Visit:
    """A resident who signs in and agrees to all that is asked."""
    browser = Browser(city)

    def visit(url: str) -> str:
        path = url.removeprefix(city.url)
        page = browser.sign_in(path, resident, city.password(resident))
        return browser.submit(page, decision="allow").headers["location"]

    return visit


def registered(city: City, **metadata: Any) -> str:
    """A client that an operator has registered; its id."""
    asked = {"client_name": "Certified", "client_class": "partner", **metadata}
    with city.client("operator") as operator:
        made = operator.post("/control/v1/clients", json=asked)
    assert made.status_code == 201, made.text
    client_id: str = made.json()["client_id"]
    return client_id


def test_openid_client_as_a_public_app(linked: City, tmp_path: Path) -> None:
    city = linked
    client_id = registered(
        city,
        scope=SCOPE,
        grant_types=["authorization_code", "refresh_token"],
        redirect_uris=[REDIRECT],
        token_endpoint_auth_method="none",
        dpop_bound_access_tokens=True,
        require_pushed_authorization_requests=True,
    )
    given = {
        "issuer": city.url,
        "client_id": client_id,
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "personal": city.url + RECORDS,
    }
    found = node.run(tmp_path, "openid.mjs", given, resident_of(city, "hana"))
    assert found["personal"]["status"] == 200, found["personal"]
    assert "patient-hana" in found["personal"]["body"]
    assert found["withoutProof"] == 401
    assert found["types"] == ["dpop"] * 3  # openid-client writes it in lower case
    assert found["claims"]["aud"] == client_id
    assert found["claims"]["amr"] == ["pwd"]
    assert found["person"] == {"sub": found["claims"]["sub"], "name": "山田 花"}
    refused = ("withAnotherKey", "replayed", "afterReplay")
    assert {name: found[name] for name in refused} == dict.fromkeys(refused, "invalid_grant")
    assert found["userInfoAfterReplay"] == "invalid_token", "the whole family is gone"


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)


def test_oauth4webapi_as_a_machine_and_as_a_confidential_app(
    city: City, tmp_path: Path, key: ECKey
) -> None:
    keyed = {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key.as_dict(private=False)]},
    }
    machine = registered(city, scope="mobility:read", client_class="service", **keyed)
    app = registered(
        city,
        scope="medical:records",
        grant_types=["authorization_code", "refresh_token"],
        redirect_uris=[REDIRECT],
        **keyed,
    )
    given = {
        "issuer": city.url,
        "machine": machine,
        "machine_scope": "mobility:read",
        "open": city.url + STOPS,
        "app": app,
        "redirect_uri": REDIRECT,
        "scope": "medical:records",
        "key": {name: value for name, value in key.as_dict(private=True).items() if name != "use"},
    }
    found = node.run(tmp_path, "oauth.mjs", given, resident_of(city, "taro"))
    assert found["resource"]["authorization_servers"] == [city.url]
    assert found["machine"]["tokens"]["token_type"] == "dpop"
    assert found["machine"]["status"] == 200
    before, after = found["machine"]["before"], found["machine"]["after"]
    assert (before["active"], before["client_id"]) == (True, machine)
    assert before["cnf"]["jkt"]
    assert after == {"active": False}
    assert found["app"] == {
        "token_type": "dpop",
        "scope": "medical:records",
        "replayed": "invalid_grant",
        "afterReplay": "invalid_grant",
    }


def test_openid_client_registers_itself_and_an_operator_approves(
    city: City, tmp_path: Path
) -> None:
    def approve(client_id: str) -> str:
        with city.client("operator") as operator:
            url = f"/control/v1/clients/{client_id}/approve"
            answer = operator.post(url, json={"scope": "mobility:read"})
        assert answer.status_code == 200, answer.text
        return city.url

    given = {"issuer": city.url, "scope": "mobility:read disaster:read"}
    found = node.run(tmp_path, "register.mjs", given, approve)
    assert found == {
        "before": "unauthorized_client",
        "scope": "mobility:read",
        "state": "active",
        "deleted": 204,
        "after": 401,
    }
