"""Another resident's answer, out of a cache: kept by mistake, by a careless API, or by a trick."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

import orjson
import pytest

from tests.gateway.core.city import (
    Api,
    Handler,
    api,
    client,
    gateway,
    read_request,
    request,
    route,
    snapshot,
    token,
)

RECORDS = "/residents/me/records"


def about_the_subject(control: str, *fields: str) -> Handler:
    """An API that answers with whom it is about, and lets everybody keep it."""
    more = "".join(f"{field}\r\n" for field in fields)

    async def handle(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            body = (api.head("x-city-subject") or "nobody").encode()
            head = f"HTTP/1.1 200 OK\r\ncache-control: {control}\r\n{more}"
            writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()

    return handle


CARELESS = ["public, max-age=3600", "s-maxage=3600", "max-age=3600, immutable", "public"]


@pytest.mark.parametrize("control", CARELESS)
async def test_a_residents_answer_is_never_kept_for_another(control: str) -> None:
    """RFC 9111 §3.5 would allow it; a personal route is not cached, whatever its API says."""
    async with api(about_the_subject(control)) as behind, gateway(snapshot(behind.port)) as city:
        bodies = [
            (await city.get(RECORDS, token(resident=name))).body
            for name in ("taro", "hanako", "taro", "hanako")
        ]
        assert bodies[0] == bodies[2] != bodies[1] == bodies[3]
        assert len(behind.heads) == 4
        assert (await city.get(RECORDS)).status == 401


async def test_two_who_ask_at_once_are_not_made_one() -> None:
    handler = about_the_subject("public, max-age=60")
    async with api(handler) as behind, gateway(snapshot(behind.port)) as city:
        names = ["taro", "hanako"] * 10
        replies = await asyncio.gather(*(city.get(RECORDS, token(resident=name)) for name in names))
    bodies = [reply.body for reply in replies]
    assert len(set(bodies)) == 2
    assert set(bodies[::2]).isdisjoint(bodies[1::2])


@pytest.mark.parametrize(
    "path",
    [
        f"{RECORDS}/",
        f"{RECORDS}/style.css",
        f"{RECORDS}%2Fstyle.css",
        f"{RECORDS};style.css",
        f"{RECORDS}%00.css",
        f"{RECORDS}/..%2F..%2F..%2Fopen",
        "/open/../residents/me/records",
    ],
)
async def test_a_personal_path_cannot_be_dressed_as_a_public_one(path: str) -> None:
    """Web cache deception: the cache takes a path for a file's, the API for the record's."""
    handler = about_the_subject("public, max-age=60")
    async with api(handler) as behind, gateway(snapshot(behind.port)) as city:
        assert (await city.get(path, token(resident="taro"))).status in {400, 404}
        assert behind.heads == []


async def test_what_is_kept_for_all_holds_nothing_of_who_asked_first() -> None:
    """On a route that may be cached, the API is not told who asks: it could not tell them apart."""
    routes = [route("/shelters", access="open", cache={})]
    handler = about_the_subject("public, max-age=60")
    async with api(handler) as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        first = await city.get("/shelters", token(resident="taro"))
        second = await city.get("/shelters")
        assert first.body == second.body == b"nobody"


@pytest.mark.parametrize(
    "field",
    [
        "X-Forwarded-Host: evil.example",
        "X-Original-URL: /residents/me/records",
        "X-Rewrite-URL: /residents/me/records",
        "X-HTTP-Method-Override: DELETE",
        "Forwarded: host=evil.example",
    ],
)
async def test_a_field_outside_the_question_does_not_poison_the_answer(field: str) -> None:
    """Cache poisoning by what is not part of the key: it changes neither route nor host."""
    routes = [route("/shelters", access="open", cache={}), route("/residents/{r}/records")]
    handler = about_the_subject("public, max-age=60")
    async with api(handler) as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        poisoned = await city.ask(request("/shelters", "", field))
        clean = await city.get("/shelters")
        assert poisoned.body == clean.body
        assert behind.heads[0].startswith(b"GET /shelters ")
        assert all(b"evil.example" not in head.split(b"\r\n")[1] for head in behind.heads)


async def test_a_suspended_client_gets_nothing_that_is_kept() -> None:
    routes = [route("/stops", cache={})]
    handler = about_the_subject("public, max-age=60")
    async with api(handler) as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        good = token(client_id="other")
        assert (await city.get("/stops", good)).status == 200
        clients = {"app": client(), "other": client(suspended=True)}
        policy = snapshot(behind.port, revision="r2", routes=routes, clients=clients)
        city.core.apply(orjson.dumps(policy))
        assert (await city.get("/stops", good)).status in {401, 403}
