"""Two who lay side by side all that they were told of a resident find nothing in common."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.pseudonym import Pseudonyms
from tests.gateway.control.city import MASTER, VERIFIER, City
from tests.gateway.core.city import ROUTES, api, gateway, route, snapshot, token

SPA = {"client_id": "spa", "redirect_uri": "https://spa.example/cb"}
SAME_FOR_ALL = set("iss aud iat exp nbf auth_time acr amr ial scope token_type".split())  # noqa: SIM905
"""What says nothing about who it is: the server, the moment, how one signed in."""


def values(found: Any, name: str = "") -> set[str]:
    """Every text and number in a document, but those that are the same for all."""
    if name in SAME_FOR_ALL:
        return set()
    if isinstance(found, dict):
        return {one for key, value in found.items() for one in values(value, key)}
    if isinstance(found, list):
        return {one for each in found for one in values(each, name)}
    return {str(found)}


async def told(city: City, app: str) -> tuple[dict[str, Any], set[str]]:
    """What an app is given for a resident: tokens, their claims, what introspection says."""
    if app == "app":
        tokens = (await city.redeem(await city.code())).json()
    else:
        form = {"grant_type": "authorization_code", "code": await city.code(**SPA), **SPA}
        form["code_verifier"] = VERIFIER
        tokens = (await city.http.post("/oauth/token", data=form)).json()
    claims = await city.claims(tokens["access_token"])
    return claims, values(claims) | values(tokens)


def of_the_request(claims: dict[str, Any]) -> set[str]:
    """What both were given alike, in the words of what they asked for, not of the person."""
    details = claims.get("authorization_details", [])
    words = {"type", "dataset", "purpose", "fields", "until", "locations", "actions"}
    return {
        one for each in details for key, value in each.items() if key in words
        for one in values(value)
    }  # fmt: skip


async def test_two_apps_share_no_value_about_one_resident(small_city: City) -> None:
    one, ones = await told(small_city, "app")
    other, others = await told(small_city, "spa")
    common = (ones & others) - of_the_request(one) - {"600", "True", "False", "Bearer", "DPoP"}
    assert common == set(), "a key by which both know the same person"
    assert one["sub"] != other["sub"]


async def test_an_app_cannot_open_what_anothers_token_seals(small_city: City) -> None:
    one, _ = await told(small_city, "app")
    for client in ("spa", "machine", ""):
        with pytest.raises(ValueError, match="not sealed"):
            Pseudonyms(MASTER).open(one["rid"], client)


async def test_a_seal_is_another_each_time(small_city: City) -> None:
    """Equal seals would tell whoever sees two tokens that they are one resident's."""
    one, _ = await told(small_city, "app")
    again, _ = await told(small_city, "app")
    assert one["rid"] != again["rid"]
    assert one["sub"] == again["sub"], "the app itself knows its user again"


async def test_two_holders_are_told_names_that_do_not_meet() -> None:
    async with api() as medical, api() as transport:
        policy = snapshot(transport.port)
        sector = {"addresses": [f"127.0.0.1:{medical.port}"], "sector": "medical"}
        policy["upstreams"]["second"] = {**policy["upstreams"]["main"], **sector}  # type: ignore[typeddict-item]
        policy["routes"] = [*ROUTES, route("/health", upstream="second")]
        async with gateway(policy) as city:
            good = token(resident="taro")
            assert (await city.get("/stops", good)).status == 200
            assert (await city.get("/health", good)).status == 200
        names = {medical.head("x-city-subject"), transport.head("x-city-subject")}
    assert len(names) == 2
    assert None not in names
    for behind in (medical, transport):
        head = behind.heads[-1].decode()
        assert good not in head, "nor do they get the token, in which both would find one seal"
        assert "taro" not in head


async def test_a_pseudonym_is_no_hash_that_can_be_tried_out() -> None:
    """Without the city's key, a list of residents does not lead to their names."""
    known = [Pseudonyms(bytes([n]) * 32).of("taro", "medical") for n in range(8)]
    assert len(set(known)) == 8, "the key makes the name"
