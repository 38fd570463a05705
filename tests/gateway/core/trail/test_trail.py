"""An answer about a person leaves when its line is on disk, and not before."""

from __future__ import annotations

import asyncio
import errno
from asyncio import StreamReader, StreamWriter
from pathlib import Path

import pytest

from gateway.core.trail import trail as module
from tests.gateway.core.city import (
    PSEUDONYMS,
    Api,
    consent,
    read_request,
    request,
    token,
    until,
)
from tests.gateway.core.trail.disks import PATH, Disk, noted, noting


async def test_what_was_asked_for_is_written_down_with_what_it_came_to(tmp_path: Path) -> None:
    async with noting(tmp_path) as one:
        answer = await one.city.get(PATH, one.bearer())
        assert answer.status == 200
        await one.trail.close()
        (access,) = noted(tmp_path)
    assert access == {
        "at": access["at"],
        "client": "app",
        "subject": PSEUDONYMS.of("hanako", "audit"),
        "route": "test.get-residents-{resident}-records",
        "method": "GET",
        "dataset": "records",
        "purpose": "service-provision",
        "fields": [],
        "consent": "consent-records",
        "grant": "grant-1",
        "request": answer.fields["x-request-id"],
        "status": 200,
    }


async def test_nothing_leaves_before_the_line_is_on_disk(tmp_path: Path) -> None:
    disk = Disk()
    disk.gate.clear()
    async with noting(tmp_path, disk) as one:
        asked = asyncio.create_task(one.city.get(PATH, one.bearer()))
        await until(lambda: one.behind.heads)
        assert (await one.city.get("/open")).status == 200, "others go on"
        assert not asked.done()
        disk.gate.set()
        assert (await asked).body == b"ok"


async def test_what_is_open_is_not_written_down(tmp_path: Path) -> None:
    async with noting(tmp_path) as one:
        await one.city.get("/open")
        await one.city.get(PATH)
        assert one.trail.accesses == 0


@pytest.mark.parametrize("consents", [[], [consent(until=1)], [consent("other")]])
async def test_what_was_not_consented_to_is_written_down_as_refused(
    tmp_path: Path, consents: list[dict[str, object]]
) -> None:
    async with noting(tmp_path) as one:
        bearer = token("mobility:read", "hanako", authorization_details=consents)
        assert (await one.city.get(PATH, bearer)).status == 403
        await one.trail.close()
    (access,) = noted(tmp_path)
    assert (access["status"], access["dataset"], access["consent"]) == (403, "records", "")
    assert access["subject"] == PSEUDONYMS.of("hanako", "audit")


async def test_many_are_written_together(tmp_path: Path) -> None:
    disk = Disk()
    async with noting(tmp_path, disk) as one:
        bearer = one.bearer()
        disk.gate.clear()
        asked = [asyncio.create_task(one.city.get(PATH, bearer)) for _ in range(20)]
        await until(lambda: one.trail.accesses == 20)
        disk.gate.set()
        assert {answer.status for answer in await asyncio.gather(*asked)} == {200}
        assert disk.syncs < 10
        await one.trail.close()
    found = noted(tmp_path)
    assert len({access["request"] for access in found}) == 20


async def test_requests_sent_ahead_are_answered_in_their_order(tmp_path: Path) -> None:
    disk = Disk()
    disk.gate.clear()
    async with noting(tmp_path, disk) as one:
        raw = await one.city.open()
        asked = request(PATH, one.bearer())
        raw.writer.write(asked + request("/open") + asked)
        await until(lambda: one.behind.heads)
        disk.gate.set()
        assert [(await raw.reply()).body for _ in range(3)] == [b"ok"] * 3
    assert [head.split()[1] == b"/open" for head in one.behind.heads] == [False, True, False]


async def large(behind: Api, reader: StreamReader, writer: StreamWriter) -> None:
    while True:
        await read_request(behind, reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 8000000\r\n\r\n")
        for _ in range(80):
            writer.write(b"x" * 100_000)
            await writer.drain()
            behind.bodies.append(b"")


async def test_a_large_answer_waits_at_its_api(tmp_path: Path) -> None:
    disk = Disk()
    disk.gate.clear()
    async with noting(tmp_path, disk, large) as one:
        asked = asyncio.create_task(one.city.get(PATH, one.bearer()))
        await until(lambda: len(one.behind.bodies) > 1)
        before = -1
        while before != len(one.behind.bodies):  # until nobody takes more of it
            before = len(one.behind.bodies)
            await asyncio.sleep(0.05)
        assert before < 80
        disk.gate.set()
        assert len((await asked).body) == 8_000_000


async def test_a_stream_begins_when_its_line_is_on_disk_and_then_flows(tmp_path: Path) -> None:
    more = asyncio.Event()

    async def stream(behind: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(behind, reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await more.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")

    disk = Disk()
    disk.gate.clear()
    async with noting(tmp_path, disk, stream) as one:
        raw = await one.city.open()
        raw.writer.write(request("/told", one.bearer()))
        await until(lambda: one.behind.heads)
        disk.gate.set()
        assert b"one" in await asyncio.wait_for(raw.reader.readuntil(b"one"), 10)
        await until(lambda: one.trail.journal and one.trail.journal.commits)
        more.set()
        assert b"two" in await asyncio.wait_for(raw.reader.readuntil(b"two"), 10)


async def test_a_switched_connection_begins_when_its_line_is_on_disk(tmp_path: Path) -> None:
    async def echo(behind: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(behind, reader)
        writer.write(b"HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nearly")
        while data := await reader.read(100):
            writer.write(data)

    disk = Disk()
    disk.gate.clear()
    async with noting(tmp_path, disk, echo) as one:
        raw = await one.city.open()
        upgrade = ("Connection: upgrade", "Upgrade: websocket")
        raw.writer.write(request("/mine", one.bearer(), *upgrade))
        await until(lambda: one.behind.heads)
        assert not one.city.core.upgraded
        disk.gate.set()
        assert (await raw.reply(head_only=True)).status == 101
        raw.writer.write(b" word")
        assert await asyncio.wait_for(raw.reader.readexactly(10), 10) == b"early word"
        await one.trail.close()
    assert noted(tmp_path)[0]["status"] == 101


@pytest.mark.parametrize("how", [errno.ENOSPC, errno.EIO])
async def test_a_failing_disk_refuses_what_is_personal_until_it_is_well(
    tmp_path: Path, how: int
) -> None:
    disk = Disk()
    async with noting(tmp_path, disk) as one:
        first = await one.city.get(PATH, one.bearer())
        disk.fails = how
        refused = await one.city.get(PATH, one.bearer())
        assert refused.status == 503
        assert refused.problem["type"].endswith("audit-unavailable")
        assert refused.fields["retry-after"] == "2"
        asked = len(one.behind.heads)
        await until(lambda: one.trail.journal is None)
        assert (await one.city.get(PATH, one.bearer())).status == 503
        assert len(one.behind.heads) == asked, "known before the upstream is asked"
        assert (await one.city.get("/open")).status == 200
        disk.fails = 0
        await until(lambda: one.trail.can_write)
        last = await one.city.get(PATH, one.bearer())
        told = one.city.core.as_json()["trail"]
        assert isinstance(told, dict)
        assert (told["failures"], told["broken"]) == (1, 0)
        assert told["refused"] >= 1
        await one.trail.close()
    assert (first.status, last.status) == (200, 200)
    written = {access["request"] for access in noted(tmp_path)}
    assert {first.fields["x-request-id"], last.fields["x-request-id"]} <= written


async def test_a_disk_that_does_not_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STUCK", 0.05)
    disk = Disk()
    async with noting(tmp_path, disk) as one:
        disk.gate.clear()
        assert (await one.city.get(PATH, one.bearer())).status == 503
        monkeypatch.setattr(module, "STUCK", 60.0)  # from here on a slow disk is only slow
        disk.gate.set()
        await until(lambda: one.trail.can_write)
        assert (await one.city.get(PATH, one.bearer())).status == 200


async def test_too_much_that_nobody_ships_refuses_what_is_personal(tmp_path: Path) -> None:
    async with noting(tmp_path, most=1) as one:
        assert (await one.city.get(PATH, one.bearer())).status == 200
        assert (await one.city.get(PATH, one.bearer())).status == 503


async def test_a_client_that_goes_while_its_answer_is_held_harms_nobody(tmp_path: Path) -> None:
    disk = Disk()
    disk.gate.clear()
    async with noting(tmp_path, disk) as one:
        raw = await one.city.open()
        raw.writer.write(request(PATH, one.bearer()) + request("/open"))
        await until(lambda: one.behind.heads)
        raw.writer.transport.abort()
        await until(lambda: not one.city.core._clients)
        disk.gate.set()
        assert (await one.city.get(PATH, one.bearer())).status == 200
        assert len(one.behind.heads) == 2, "what it had sent ahead is for nobody"


async def test_an_api_that_fails_is_written_down_as_that(tmp_path: Path) -> None:
    async def broken(behind: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(behind, reader)
        writer.transport.abort()

    async with noting(tmp_path, handler=broken) as one:
        assert (await one.city.get(PATH, one.bearer())).status == 502
        await one.trail.close()
    assert [access["status"] for access in noted(tmp_path)] == [502]
