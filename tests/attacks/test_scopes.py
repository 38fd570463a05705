"""More than was granted: by asking again, by asking elsewhere, by asking for the operators' own."""

from __future__ import annotations

import pytest

from tests.gateway.control.city import SECRET, City, authorize_url, decide, query_of, sign_in
from tests.gateway.control.test_pushed import page, push

TOO_MUCH = ["operator:clients", "audit:read", "entities:personal", "medical:link", "mobility:write"]


@pytest.mark.parametrize("scope", TOO_MUCH)
async def test_a_client_gets_no_scope_that_is_not_its_own(small_city: City, scope: str) -> None:
    for asked in (scope, f"mobility:read {scope}"):
        answer = await small_city.token(scope=asked)
        assert answer.json()["error"] == "invalid_scope"
    async with small_city.browser() as browser:
        back = await browser.get(authorize_url(scope=f"medical:read {scope}"))
    assert query_of(back)["error"] == "invalid_scope"


@pytest.mark.parametrize("scope", ["*", "medical", "medical:*", ":read", "MEDICAL:READ", "a:b:c"])
async def test_no_pattern_stands_for_scopes(small_city: City, scope: str) -> None:
    assert (await small_city.token(scope=scope)).json()["error"] == "invalid_scope"


async def test_a_refresh_never_raises_what_was_granted(small_city: City) -> None:
    tokens = (await small_city.redeem(await small_city.code(scope="medical:read"))).json()
    raised = await small_city.refresh(tokens["refresh_token"], scope="medical:read mobility:read")
    assert raised.json()["error"] == "invalid_scope"


async def test_a_redemption_cannot_add_to_what_the_resident_saw(small_city: City) -> None:
    code = await small_city.code(scope="medical:read")
    tokens = (await small_city.redeem(code, scope="medical:read mobility:read")).json()
    assert tokens.get("scope", "") in {"", "medical:read"}, tokens


async def test_what_stands_beside_a_pushed_request_does_not_count(small_city: City) -> None:
    url = page(await push(small_city, scope="medical:read"), scope="medical:read mobility:read")
    async with small_city.browser() as browser:
        await sign_in(browser, url)
        code = query_of(await decide(browser, url, "allow"))["code"]
    assert (await small_city.redeem(code)).json()["scope"] == "medical:read"


@pytest.mark.parametrize("scope", TOO_MUCH[:4])
async def test_who_registers_itself_gets_nothing_that_operators_grant(
    small_city: City, scope: str
) -> None:
    body = {"client_name": "Mine", "scope": f"mobility:read {scope}"}
    answer = await small_city.http.post("/oauth/register", json=body)
    assert answer.status_code == 400 or scope not in answer.json()["scope"].split()


async def test_the_resource_of_a_token_is_the_city_alone(small_city: City) -> None:
    """RFC 8707: a token for somebody else's API could be passed on to it and used here."""
    for resource in ("https://other.example", "https://city.example.evil.example"):
        answer = await small_city.token(resource=resource)
        assert answer.json()["error"] == "invalid_target"


@pytest.mark.parametrize(
    "grant",
    [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "",
        "refresh_token client_credentials",
    ],
)
async def test_there_is_no_other_way_to_a_token(small_city: City, grant: str) -> None:
    form = {"grant_type": grant, "username": "hanako", "password": "sakura-no-hana"}
    answer = await small_city.http.post("/oauth/token", data=form, auth=("app", SECRET))
    assert answer.status_code == 400
    assert "access_token" not in answer.json()


async def test_an_app_of_residents_gets_no_token_of_its_own(small_city: City) -> None:
    assert (await small_city.token("app")).json()["error"] == "unauthorized_client"
