"""How the broker asks the control plane."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from schemas.revocations import MOST_ASKED
from services.broker.consent.control import Gone, HttpControl

ENDS = {"grants": {"g": 1}, "consents": {}, "clients": {}, "suspended": []}


def answer(request: httpx.Request) -> httpx.Response:
    assert request.headers["x-city-gateway-key"] == "key"
    if request.url.path == "/internal/revocations":
        if request.headers.get("if-none-match") == '"1"':
            assert request.headers["prefer"] == "wait=10"
            return httpx.Response(304)
        return httpx.Response(200, json=ENDS, headers={"etag": '"1"'})
    asked = orjson.loads(request.content)
    if request.url.path == "/internal/grants":
        assert max(len(asked["grants"]), len(asked["consents"])) <= MOST_ASKED
        return httpx.Response(200, json=asked)
    if asked["consent"] == "gone":
        return httpx.Response(404)
    if asked["consent"] == "broken":
        return httpx.Response(500)
    return httpx.Response(200, json={"subject": "s", "known_as": "k"})


@pytest.fixture
async def control() -> AsyncIterator[HttpControl]:
    found = HttpControl("http://control:1", "key", transport=httpx.MockTransport(answer))
    yield found
    await found.close()


async def test_the_first_question_does_not_wait_and_the_next_ones_do(control: HttpControl) -> None:
    ends, etag = await control.ends("")
    assert ends == ENDS
    assert await control.ends(etag) == (None, etag)


async def test_much_is_asked_in_portions(control: HttpControl) -> None:
    grants = [f"g{n}" for n in range(2 * MOST_ASKED + 1)]
    dead = await control.dead(grants, ["c"])
    assert sorted(dead["grants"]) == sorted(grants)
    assert dead["consents"] == ["c"]


async def test_an_ended_consent_is_gone_and_a_fault_is_no_answer(control: HttpControl) -> None:
    assert (await control.subject("g", "c", "d"))["known_as"] == "k"
    with pytest.raises(Gone):
        await control.subject("g", "gone", "d")
    with pytest.raises(OSError, match="500"):
        await control.subject("g", "broken", "d")
