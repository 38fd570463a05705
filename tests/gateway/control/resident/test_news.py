"""What is new since a resident was last at their page."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.gateway.control.audit.accesses import access, send
from tests.gateway.control.city import City
from tests.gateway.control.consent.apis import ask, caring_city, detail, tokens
from tests.gateway.control.resident.test_my import sign_in
from tests.gateway.control.trail.people import hanako

NEW = "Since you were last here (2026-11-24 15:00)"


async def visit(city: City) -> str:
    async with city.browser() as browser:
        await sign_in(browser)
        first = (await browser.get("/my?lang=en")).text
        again: httpx.Response = await browser.get("/my?lang=en")
        assert ("Since you" in again.text) == ("Since you" in first), "it stays while one is here"
    return first


async def test_who_was_never_here_is_told_no_news(small_city: City) -> None:
    assert "Since you were" not in await visit(small_city)
    small_city.clock.advance(3600)
    told = await visit(small_city)
    assert NEW in told
    assert "Nothing new." in told


async def test_uses_refusals_and_ends_since_then_are_told(tmp_path: Path) -> None:
    async with caring_city(tmp_path) as city:
        given = await tokens(city, ask(detail(purpose="transport-to-care")))
        grant = _grant(city, given)
        await visit(city)
        city.clock.advance(3600)
        at, subject = city.control.now_ms(), await hanako(city)
        await send(
            city,
            *(access(number, subject, at=at) for number in range(2)),
            access(2, subject, at=at, status=403),
            access(3, subject, at=at, client="my-page", purpose="own-access"),
            access(4, subject, at=at - 7_200_000),
        )
        consent = given["authorization_details"][0]["consent_id"]
        ended = await city.http.delete(
            f"/residents/v1/me/consents/{consent}",
            headers={"x-city-client": "app", "x-city-grant": grant},
        )
        assert ended.status_code == 204, ended.text
        told = await visit(city)
    assert NEW in told
    assert "App app (Ride Inc.) looked at your data (2×)." in told
    assert "Data was asked for and refused (1×)." in told
    assert "What you had allowed App app (Ride Inc.) has ended." in told


def _grant(city: City, given: dict[str, str]) -> str:
    claims = city.control.token_maker(city.control.now()).read(given["access_token"])
    assert claims
    return str(claims["gid"])
