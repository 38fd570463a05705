"""A developer's applications by program: the same rules as on the pages."""

from __future__ import annotations

from typing import Any

import httpx

from schemas import headers
from tests.gateway.control.city import City
from tests.gateway.control.portal.developers import Developer, developer

URL = "/control/v1/me/clients"
NEW = {"client_name": "Robot", "scope": "consents:read"}


async def ask(city: City, method: str, path: str, who: str, body: Any = None) -> httpx.Response:
    """As the gateway would pass on the call of somebody who has signed in by a command line."""
    sent = {headers.CLIENT: "supercity-cli", headers.OPERATOR: who}
    return await city.http.request(method, path, json=body, headers=sent)


async def staff_id(city: City, username: str) -> str:
    listed = (await city.http.get("/control/v1/staff")).json()
    (found,) = [one["staffId"] for one in listed if one["username"] == username]
    return str(found)


async def test_applications_are_made_rotated_and_ended(small_city: City) -> None:
    async with developer(small_city) as dev:
        mori = await staff_id(small_city, "mori")
        made = (await ask(small_city, "POST", URL, mori, NEW)).json()
        assert (made["sandbox"], made["owner"]) == (True, mori)
        rotated = await ask(
            small_city, "POST", f"{URL}/{made['client_id']}/secret", mori, {"overlap": 60}
        )
        for secret in (made["client_secret"], rotated.json()["client_secret"]):
            assert (await _token(dev, made, secret)).status_code == 200
        listed = await ask(small_city, "GET", URL, mori)
        assert [one["client_id"] for one in listed.json()] == [made["client_id"]]
        assert "client_secret" not in listed.json()[0]
        ended = await ask(small_city, "DELETE", f"{URL}/{made['client_id']}", mori)
        assert ended.status_code == 204
        assert (await ask(small_city, "GET", URL, mori)).json() == []


async def _token(dev: Developer, made: dict[str, str], secret: str) -> httpx.Response:
    return await dev.token({**made, "client_secret": secret})


async def test_nobody_but_the_developer(small_city: City) -> None:
    async with developer(small_city), developer(small_city, "hayashi"):
        mori, hayashi = [await staff_id(small_city, one) for one in ("mori", "hayashi")]
        made = (await ask(small_city, "POST", URL, mori, NEW)).json()
        own = f"{URL}/{made['client_id']}"
        assert (await ask(small_city, "DELETE", own, hayashi)).status_code == 404
        assert (await ask(small_city, "POST", f"{own}/secret", hayashi, {})).status_code == 404
        assert (await ask(small_city, "GET", URL, hayashi)).json() == []
        assert (await small_city.http.get(URL)).status_code == 403, "a machine is no developer"
        await small_city.http.patch(f"/control/v1/staff/{mori}", json={"suspended": True})
        assert (await ask(small_city, "GET", URL, mori)).status_code == 403


async def test_what_the_sandbox_does_not_give(small_city: City) -> None:
    async with developer(small_city):
        mori = await staff_id(small_city, "mori")
        for scope in ("operator:clients", "developer:clients", "events:publish"):
            answer = await ask(small_city, "POST", URL, mori, {**NEW, "scope": scope})
            assert answer.status_code == 422
        too_long = await ask(small_city, "POST", f"{URL}/x/secret", mori, {"overlap": 604_801})
        assert too_long.status_code == 422
