"""A consent to some fields: the answer has these, and nothing tells of the rest."""

from __future__ import annotations

import asyncio
import gzip

import orjson
import pytest

from gateway.core.consent.limited import MOST
from tests.gateway.core.city import Api, always, api, gateway, read_request
from tests.gateway.core.consent.asking import PATH, TIME, WHOLE, answer, ask, bearer, city, visits

SOME = visits(fields=["time"])


async def test_the_answer_has_the_fields_of_the_consent_and_no_more() -> None:
    told = (
        b'ETag: "7"', b"Last-Modified: Tue, 24 Nov 2026 07:00:00 GMT", b"X-Total-Rows: 4",
        b"Content-Digest: sha-256=:AA==:", b"Date: Tue, 24 Nov 2026 07:00:00 GMT",
    )  # fmt: skip
    async with api(always(answer(WHOLE, *told))) as behind, gateway(city(behind.port)) as running:
        got = await ask(running, SOME)
        assert got.status == 200
        assert orjson.loads(got.body) == TIME
        assert int(got.fields["content-length"]) == len(got.body)
        assert got.fields["cache-control"] == "private, no-store"
        assert got.fields["date"] == "Tue, 24 Nov 2026 07:00:00 GMT"
        hidden = {"etag", "last-modified", "x-total-rows", "content-digest"}
        assert not hidden & got.fields.keys()
        place = await ask(running, visits(fields=["place"]))
        assert orjson.loads(place.body)["items"] == [{"place": {"name": "Mirai Hospital"}}]
        assert (await ask(running, visits())).body == WHOLE, "the whole of it as it came"
        assert (await ask(running, visits(fields=["other"]))).body == b"{}"


async def test_a_write_is_answered_with_no_more_either() -> None:
    made = answer(WHOLE, b"Location: /me/visits/7", status=b"201 Created")
    async with api(always(made)) as behind, gateway(city(behind.port)) as running:
        got = await ask(running, SOME, method="POST", fields=("If-Match: 7",))
        assert (got.status, got.fields["location"]) == (201, "/me/visits/7")
        assert orjson.loads(got.body) == TIME
        assert behind.head("if-match") == "7", "what guards a change stays"


async def test_the_api_is_asked_plainly() -> None:
    fields = (
        "Accept-Encoding: gzip", "Range: bytes=0-9", "If-None-Match: *", "IF-Range: x",
        "If-Modified-Since: x", "If-Match: x", "Accept: application/json",
    )  # fmt: skip
    async with api(always(answer())) as behind, gateway(city(behind.port)) as running:
        assert (await ask(running, SOME, fields=fields)).status == 200
        sent = behind.heads[-1].lower()
        assert sent.count(b"accept-encoding: identity") == sent.count(b"accept-encoding:") == 1
        assert b"accept: application/json" in sent
        for name in (b"range", b"if-none-match", b"if-range", b"if-modified-since", b"if-match"):
            assert name + b":" not in sent
        assert (await ask(running, visits(), fields=fields)).status == 200
        assert b"range: bytes=0-9" in behind.heads[-1].lower(), "the whole may be had in parts"


async def test_the_same_header_section_is_limited_by_the_route_that_it_asks() -> None:
    """A remembered head must not be sent on as it was for a consent to all, nor the reverse."""
    held = bearer(SOME, visits(dataset="whole", consent_id="c2"))
    async with api(always(answer())) as behind, gateway(city(behind.port)) as running:
        raw = await running.open()
        for path, limited in ((PATH, True), ("/me/whole", False)) * 3:
            raw.writer.write(
                f"GET {path} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\n"
                f"Authorization: Bearer {held}\r\n\r\n".encode()
            )
            got = await raw.reply()
            assert (orjson.loads(got.body) == TIME) is limited
            assert (b"Range:" in behind.heads[-1]) is not limited


async def test_head_tells_the_length_of_what_would_pass() -> None:
    async with api(always(answer())) as behind, gateway(city(behind.port)) as running:
        whole, some = [
            (await ask(running, consent, method=method)).fields["content-length"]
            for consent, method in ((SOME, "GET"), (SOME, "HEAD"))
        ]
        assert whole == some


NOT_LET_THROUGH = {
    "text": answer(b"start;place", kind=b"text/csv"),
    "no type": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    "coded": answer(gzip.compress(WHOLE), b"content-encoding: gzip"),
    "not json after all": answer(b'{"total":'),
    "a scalar": answer(b'"09:00"'),
    "nested without end": answer(b"[" * 1_000 + b"]" * 1_000),
    "a part": answer(WHOLE, b"content-range: bytes 0-1/9", status=b"206 Partial Content"),
    "somewhere else": answer(b"", b"location: /x?doctor=Sato", status=b"302 Found"),
    "an error in html": answer(b"Sato", kind=b"text/html", status=b"500 Internal Server Error"),
    "an error as data": answer(WHOLE, status=b"404 Not Found"),
    "too long": answer(b'["%b"]' % (b"x" * MOST)),
    "too long, in chunks": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    b"transfer-encoding: chunked\r\n\r\n" + b"10000\r\n%b\r\n" % (b" " * 65_536) * 17,
}


@pytest.mark.parametrize("name", NOT_LET_THROUGH)
async def test_an_answer_that_cannot_be_limited_is_not_let_through(name: str) -> None:
    async with api(always(NOT_LET_THROUGH[name])) as behind, gateway(city(behind.port)) as running:
        raw = await running.open()
        for _ in range(2):  # and the connection goes on
            raw.writer.write(
                f"GET {PATH} HTTP/1.1\r\nHost: a\r\n"
                f"Authorization: Bearer {bearer(SOME)}\r\n\r\n".encode()
            )
            got = await raw.reply()
            assert got.status == 502, got
            assert got.problem["type"].rsplit(":")[-1] in ("answer-not-json", "answer-too-long")
            assert b"Sato" not in got.body
        assert running.core.under_way == 0


async def test_an_apis_own_problem_passes() -> None:
    said = b'{"title":"No such visit"}'
    problem = answer(said, kind=b"application/problem+json", status=b"404 Not Found")
    async with api(always(problem)) as behind, gateway(city(behind.port)) as running:
        got = await ask(running, SOME)
        assert (got.status, got.body) == (404, said)


async def test_nothing_at_all_passes_as_such() -> None:
    nothing = b'HTTP/1.1 204 No Content\r\netag: "7"\r\n\r\n'
    async with api(always(nothing)) as behind, gateway(city(behind.port)) as running:
        got = await ask(running, SOME, method="POST")
        assert (got.status, got.body, got.fields.get("etag")) == (204, b"", None)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_an_answer_in_pieces_is_limited_as_a_whole(framing: str) -> None:
    async def slowly(
        behind: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(behind, reader)
        how = {"length": b"content-length: %d\r\n" % len(WHOLE), "close": b""}
        field = how.get(framing, b"transfer-encoding: chunked\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + field + b"\r\n")
        for at in range(0, len(WHOLE), 40):
            await writer.drain()
            piece = WHOLE[at : at + 40]
            if framing == "chunked":
                piece = b"%x\r\n%b\r\n" % (len(piece), piece)
            writer.write(piece)
        if framing == "chunked":
            writer.write(b"0\r\n\r\n")

    async with api(slowly) as behind, gateway(city(behind.port)) as running:
        got = await ask(running, SOME)
        assert orjson.loads(got.body) == TIME


async def test_a_stream_cannot_be_limited() -> None:
    async with api() as behind, gateway(city(behind.port)) as running:
        got = await ask(running, SOME, path="/me/visits/live")
        assert (got.status, got.problem["type"][-15:]) == (403, ":consent-narrow")
        assert (await ask(running, visits(), path="/me/visits/live")).status == 200
        fields = visits(dataset="whole", fields=["time"])
        assert (await ask(running, fields, path="/me/whole")).status == 403, "it has no fields"
