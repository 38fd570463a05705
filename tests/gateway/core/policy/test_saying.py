"""Answers of an operation that is to go say so; others cost and say nothing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.core.policy.check import Invalid
from tests.gateway.core.city import ROUTES, always, api, gateway, route, snapshot, token

SINCE, SUNSET = 1_796_050_800, 1_806_418_800  # 2026-12-01 and 2027-03-31, in Tokyo
LINK = '<https://city.example/developers/changes>; rel="deprecation"; type="text/html"'
GOING = {"since": SINCE, "sunset": SUNSET}


async def test_dates_and_link_are_in_every_answer_of_the_api() -> None:
    routes = [
        *ROUTES,
        route("/old", deprecation=GOING, rate={"requests": 9, "seconds": 1}, quota=9),
        route("/older", access="open", deprecation={"since": 0}),
    ]
    async with api() as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        old = await city.get("/old", token())
        older = await city.get("/older")
        head = await city.get("/older", method="HEAD")
        stays = await city.get("/stops", token())
    assert old.fields["deprecation"] == f"@{SINCE}"
    assert old.fields["sunset"] == "Tue, 30 Mar 2027 15:00:00 GMT"
    assert old.fields["link"] == LINK
    assert "route-day" in old.fields["ratelimit"]
    assert older.fields["deprecation"] == "@0"
    assert "sunset" not in older.fields
    assert head.fields["link"] == LINK
    assert not {"deprecation", "sunset", "link"} & set(stays.fields)


async def test_kept_answers_say_it_too() -> None:
    kept = route("/kept", access="open", cache={}, deprecation=GOING)
    answer = always(b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 2\r\n\r\nok")
    async with api(answer) as behind, gateway(snapshot(behind.port, routes=[kept])) as city:
        answers = [await city.get("/kept") for _ in range(4)]
        assert len(behind.heads) == 1
    assert [one.fields.get("deprecation") for one in answers] == [f"@{SINCE}"] * 4


@pytest.mark.parametrize("bad", [{}, {"since": "soon"}, {"since": 1, "sunset": -1}, 7])
async def test_what_cannot_be_read_is_no_policy(bad: Any) -> None:
    async with gateway(snapshot(1)) as city:
        with pytest.raises(Invalid):
            city.core.apply(_with(bad))


def _with(deprecation: Any) -> bytes:
    return orjson.dumps(snapshot(1, routes=[route("/old", deprecation=deprecation)]))


async def test_what_others_made_is_told_to_be_kept_apart() -> None:
    """It shares the origin with the console: as a page it may run nothing there."""
    routes = [route("/theirs", access="open", confined=True), route("/ours", access="open")]
    async with api() as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        theirs, ours = await city.get("/theirs"), await city.get("/ours")
    assert theirs.fields["content-security-policy"] == "sandbox"
    assert theirs.fields["x-content-type-options"] == "nosniff"
    assert "content-security-policy" not in ours.fields
