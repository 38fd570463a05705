"""A client's own registration (RFC 7592): what it may change by itself, and what waits."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from gateway.control.oauth import clients
from tests.gateway.control.city import (
    CALLBACK,
    VERIFIER,
    City,
    authorize_url,
    decide,
    query_of,
    sign_in,
)
from tests.gateway.control.oauth.test_register import (
    APP,
    MACHINE,
    approve,
    refuse,
    registered,
    token_of,
)

_SERVERS = ("registration_access_token", "registration_client_uri", "client_id_issued_at")


async def ask(
    city: City, made: dict[str, Any], method: str = "GET", token: str = "", **options: Any
) -> httpx.Response:
    bearer = token or made["registration_access_token"]
    headers = {"authorization": f"Bearer {bearer}"}
    return await city.http.request(
        method, made["registration_client_uri"], headers=headers, **options
    )


async def put(city: City, made: dict[str, Any], **changes: Any) -> httpx.Response:
    """All metadata as they were answered, and some changed; ``None`` leaves one out."""
    body = {name: value for name, value in made.items() if name not in _SERVERS}
    body.pop("client_secret_expires_at", None)
    wanted = {name: value for name, value in {**body, **changes}.items() if value is not None}
    return await ask(city, made, "PUT", json=wanted)


def after(made: dict[str, Any], answer: httpx.Response) -> dict[str, Any]:
    """What the client knows after a change."""
    assert answer.status_code == 200, answer.text
    return {**made, **answer.json()}


async def active(city: City, metadata: dict[str, Any]) -> dict[str, Any]:
    made = await registered(city, metadata)
    assert (await approve(city, made)).status_code == 200
    return made


async def test_a_client_reads_what_is_registered(city: City) -> None:
    made = await registered(city)
    found = (await ask(city, made)).json()
    secret = ("client_secret", "client_secret_expires_at")
    assert found == {name: value for name, value in made.items() if name not in secret}
    await approve(city, made)
    assert (await ask(city, made)).json()["registration_state"] == "active"


async def test_its_token_is_kept_hashed_and_is_for_itself_only(small_city: City) -> None:
    mine, other = await registered(small_city), await registered(small_city)
    for method in ("GET", "PUT", "DELETE"):
        for token in (other["registration_access_token"], "x", mine["client_secret"]):
            answer = await ask(small_city, mine, method, token)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer ")
    nobody = {**mine, "registration_client_uri": "/oauth/register/nobody"}
    assert (await ask(small_city, nobody)).status_code == 401
    without = {**mine, "registration_client_uri": "/oauth/register/machine"}
    assert (await ask(small_city, without, token="x")).status_code == 401
    async with small_city.control.store.read() as connection:
        held = await clients.find(connection, mine["client_id"])
    assert held is not None
    assert mine["registration_access_token"] not in held.management_hash


async def test_the_token_is_another_after_each_change(small_city: City) -> None:
    made = await registered(small_city)
    new = after(made, await put(small_city, made, client_name="Other maps"))
    assert new["registration_access_token"] != made["registration_access_token"]
    assert (await ask(small_city, made)).status_code == 401
    assert (await ask(small_city, new)).json()["client_name"] == "Other maps"


async def test_before_approval_everything_can_be_changed(small_city: City) -> None:
    made = await registered(small_city)
    new = after(made, await put(small_city, made, **APP))
    assert (new["scope"], new["redirect_uris"]) == ("medical:read", [CALLBACK])
    assert new["registration_state"] == "pending"


async def test_less_holds_at_once(small_city: City) -> None:
    made = await active(small_city, MACHINE)
    new = after(made, await put(small_city, made, scope="mobility:read"))
    assert (new["scope"], new["registration_state"]) == ("mobility:read", "active")
    assert (await token_of(small_city, made)).json()["scope"] == "mobility:read"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_name": "The City"},
        {"organisation": "The City"},
        {"scope": "medical:read education:read"},
        {"redirect_uris": [CALLBACK, "https://elsewhere.example/cb"]},
        {"purposes": ["care"]},
        {"grant_types": ["authorization_code", "refresh_token", "client_credentials"]},
        {"dpop_bound_access_tokens": False},
        {"require_pushed_authorization_requests": False},
    ],
)
async def test_more_or_another_face_waits_for_an_operator(
    small_city: City, changes: dict[str, Any]
) -> None:
    strict = {"dpop_bound_access_tokens": True, "require_pushed_authorization_requests": True}
    made = await active(small_city, {**APP, **strict})
    (name,) = changes
    new = after(made, await put(small_city, made, **changes))
    assert new["registration_state"] == "changes-pending"
    assert new[name] == made[name]
    url = f"/control/v1/clients/{made['client_id']}"
    listed = (await small_city.http.get("/control/v1/clients")).json()
    (waiting,) = [one for one in listed if one["client_id"] == made["client_id"]]
    assert waiting["proposed"][name] == changes[name]
    approved = (await approve(small_city, made)).json()
    wanted = changes[name]
    if name == "scope":
        wanted = "education:read medical:read"
    assert approved[name] == wanted
    assert "proposed" not in approved
    assert (await small_city.http.post(f"{url}/approve", json={})).status_code == 409


async def test_a_proposal_that_is_refused_changes_nothing(small_city: City) -> None:
    made = await active(small_city, MACHINE)
    new = after(made, await put(small_city, made, client_name="The City"))
    assert (await refuse(small_city, new)).json()["state"] == "active"
    found = (await ask(small_city, new)).json()
    assert (found["client_name"], found["registration_state"]) == ("Maps", "active")


async def test_a_secret_is_kept_or_made_anew_and_never_chosen(small_city: City) -> None:
    made = await active(small_city, MACHINE)
    kept = after(made, await put(small_city, made))
    assert (await token_of(small_city, kept)).status_code == 200
    chosen = await put(small_city, kept, client_secret="my-own-secret-my-own-secret")
    assert (chosen.status_code, chosen.json()["error"]) == (400, "invalid_client_metadata")
    new = after(kept, await put(small_city, kept, client_secret=None))
    assert new["client_secret"] != made["client_secret"]
    assert (await token_of(small_city, new)).status_code == 200
    assert (await token_of(small_city, made)).status_code == 401


async def test_keys_are_rotated_by_the_client_itself(small_city: City) -> None:
    old, new = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("old", "new"))
    keyed = {**MACHINE, "token_endpoint_auth_method": "private_key_jwt"}
    made = await active(small_city, {**keyed, "jwks": {"keys": [old.as_dict(private=False)]}})
    both = {"keys": [old.as_dict(private=False), new.as_dict(private=False)]}
    overlap = after(made, await put(small_city, made, jwks=both))
    assert overlap["registration_state"] == "active"
    only = after(
        overlap, await put(small_city, overlap, jwks={"keys": [new.as_dict(private=False)]})
    )
    assert [key["kid"] for key in only["jwks"]["keys"]] == ["new"]
    private = {"keys": [new.as_dict(private=True)]}
    assert (await put(small_city, only, jwks=private)).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "other"},
        {"registration_access_token": "x"},
        {"client_secret_expires_at": 0},
        {"scope": "operator:keys"},
        {"grant_types": ["implicit"]},
        {"token_endpoint_auth_method": "none", "grant_types": ["authorization_code"],
         "redirect_uris": [CALLBACK]},
    ],
)  # fmt: skip
async def test_what_is_not_the_clients_to_say_is_refused(
    small_city: City, changes: dict[str, Any]
) -> None:
    made = await active(small_city, MACHINE)
    answer = await put(small_city, made, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert (await ask(small_city, made)).json()["scope"] == made["scope"]


@pytest.mark.parametrize("body", [b"", b"[]", b"x", b'{"client_id": 5}', b'{"a":NaN}'])
async def test_what_is_no_metadata_is_refused(small_city: City, body: bytes) -> None:
    made = await registered(small_city)
    answer = await ask(small_city, made, "PUT", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_a_refused_client_may_look_but_not_change(small_city: City) -> None:
    made = await registered(small_city)
    await refuse(small_city, made)
    assert (await ask(small_city, made)).json()["registration_state"] == "refused"
    assert (await put(small_city, made)).status_code == 403


async def test_ending_it_ends_what_residents_agreed_to(city: City) -> None:
    made = await active(city, APP)
    async with city.browser() as browser:
        url = authorize_url(client_id=made["client_id"])
        await sign_in(browser, url)
        code = query_of(await decide(browser, url, "allow"))["code"]
    auth = (made["client_id"], made["client_secret"])
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    answer = await city.http.post(
        "/oauth/token", data={**form, "code_verifier": VERIFIER}, auth=auth
    )
    assert answer.status_code == 200, answer.text
    gid = (await city.claims(answer.json()["access_token"]))["gid"]
    assert (await ask(city, made, "DELETE")).status_code == 204
    policy = await city.policy()
    assert gid in policy["revoked"]["families"]
    assert made["client_id"] not in policy["clients"]
    assert (await ask(city, made)).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}
    again = await city.http.post("/oauth/token", data=form, auth=auth)
    assert again.json()["error"] == "invalid_client"
    assert "Notes" in str((await city.http.get("/control/v1/clients")).json())
