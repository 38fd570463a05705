"""Reading at data holders: page by page, within limits, and none failing the others."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from gateway.control.portability import reading
from gateway.control.portability.reading import Read, read_all
from gateway.control.portability.sources import Source
from schemas.xcity import Dataset
from tests.gateway.control.portability.holders import Holders, json_of, never

PATH = "/medical/v1/residents/me/records"


def source(path: str = PATH) -> Source:
    return Source(Dataset(id="records", title="R", title_ja="記録"), "medical", "x", path, ("s",))


async def read(holders: Holders, *paths: str) -> dict[str, Read]:
    async with holders.client() as http:
        wanted = [source(path) for path in paths or (PATH,)]
        return {one.source.path: one async for one in read_all(http, "token", wanted)}


async def only(answer: Any) -> Read:
    return (await read(Holders({PATH: answer})))[PATH]


async def test_what_a_holder_sends_is_kept_as_it_came() -> None:
    holders = Holders({PATH: httpx.Response(200, content=b'{"a":  1}')})
    found = (await read(holders))[PATH]
    assert (found.state, found.content) == ("whole", b'{"a":  1}')
    assert holders.asked[0].headers["authorization"] == "Bearer token"


def in_pages(request: httpx.Request) -> httpx.Response:
    offset = int(request.url.params.get("offset", 0))
    return json_of({"items": [offset], "total": 5, "limit": 2, "offset": offset})


def in_bundles(request: httpx.Request) -> httpx.Response:
    after = int(request.url.params.get("offset", 0)) + 2
    link = [{"relation": "self", "url": PATH}]
    if after < 5:
        link.append({"relation": "next", "url": f"{PATH}?type=A,B&offset={after}"})
    return json_of({"resourceType": "Bundle", "total": 5, "entry": [after], "link": link})


@pytest.mark.parametrize("pages", [in_pages, in_bundles])
async def test_all_pages_are_read(pages: Any) -> None:
    found = await only(pages)
    assert found.state == "whole"
    assert len(json.loads(found.content)) == 3


async def test_what_is_longer_than_is_taken_is_cut_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MOST_PAGES", 2)
    assert ((await only(in_pages)).state, len((await only(in_pages)).pages)) == ("cut", 2)
    monkeypatch.setattr(reading, "MOST_BYTES", 100)
    found = await only(json_of({"long": "x" * 101}))
    assert (found.state, found.pages) == ("silent", ())


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (json_of({}, 404), "nothing"),
        (json_of({}, 403), "refused"),
        (json_of({}, 401), "refused"),
        (json_of({}, 503), "silent"),
        (httpx.Response(200, content=b"no JSON"), "silent"),
        (never, "silent"),
    ],
)
async def test_a_holder_that_gives_nothing_is_named_and_fails_no_other(
    answer: Any, state: str
) -> None:
    found = await read(Holders({PATH: answer, "/good": json_of([])}), PATH, "/good")
    assert found["/good"].state == "whole"
    assert (found[PATH].state, found[PATH].pages) == (state, ())


@pytest.mark.parametrize("url", ["http://elsewhere/records?offset=2", "/other?offset=2", ""])
async def test_a_next_page_elsewhere_is_not_followed(url: str) -> None:
    holders = Holders({PATH: json_of({"link": [{"relation": "next", "url": url}]})})
    await read(holders)
    assert len(holders.asked) == 1
