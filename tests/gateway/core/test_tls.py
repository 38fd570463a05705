"""TLS to the client: what is spoken, what is refused, and certificates that change."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.bounds import Bounds
from gateway.core.handshakes import Handshakes
from gateway.core.telemetry.exposition import exposition
from gateway.core.tls import TlsFiles, read
from tests.gateway.core.certificates import Authority
from tests.gateway.core.city import (
    OK,
    Gateway,
    Raw,
    always,
    api,
    gateway,
    request,
    route,
    snapshot,
    until,
)
from tests.gateway.core.loops import on_uvloop
from tests.gateway.core.test_upgrade import ASKED, echo


async def connect(city: Gateway, context: ssl.SSLContext) -> Raw:
    city.opened.append(
        Raw(
            *await asyncio.open_connection(
                "127.0.0.1", city.port, ssl=context, server_hostname="localhost"
            )
        )
    )
    return city.opened[-1]


def shown(raw: Raw) -> object:
    """The name in the certificate that the gateway showed."""
    certificate = raw.writer.get_extra_info("peercert")
    return certificate["serialNumber"]


@on_uvloop
async def test_requests_and_answers_go_through_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with (
        api() as behind,
        gateway(snapshot(behind.port), tls=authority.issue()) as city,
    ):
        raw = await connect(city, authority.client())
        body = b"x" * 300_000
        raw.writer.write(request("/open") + request("/open", method="POST", body=body))
        first = await raw.reply()
        assert (first.body, first.fields["strict-transport-security"]) == (
            b"ok",
            "max-age=31536000",
        )
        assert (await raw.reply()).status == 200
        assert behind.bodies[-1] == body
        raw.writer.write(request("/nowhere"))
        assert (await raw.reply()).fields["strict-transport-security"] == "max-age=31536000"
        assert raw.writer.get_extra_info("ssl_object").version() == "TLSv1.3"


@on_uvloop
async def test_hsts_is_said_in_answers_of_every_kind(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    dated = OK.replace(b"\r\n\r\n", b"\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\n\r\n")
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    for answer in (OK, dated, chunked):
        async with (
            api(always(answer)) as behind,
            gateway(snapshot(behind.port), tls=authority.issue()) as city,
        ):
            raw = await connect(city, authority.client())
            for _ in range(2):
                raw.writer.write(request("/open"))
                assert "strict-transport-security" in (await raw.reply()).fields


@on_uvloop
async def test_without_it_nothing_is_said_of_https() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        assert "strict-transport-security" not in (await city.get("/open")).fields
        assert "strict-transport-security" not in (await city.get("/nowhere")).fields


@on_uvloop
async def test_an_answer_that_ends_its_connection_arrives_whole(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with api() as behind, gateway(snapshot(behind.port), tls=authority.issue()) as city:
        raw = await connect(city, authority.client())
        raw.writer.write(request("/open").replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert (await raw.reply()).body == b"ok"
        assert await raw.ended()
        raw = await connect(city, authority.client())
        raw.writer.write(b"GET /open HTTP/1.1\r\n\r\n" + b"x" * 100_000)  # no host
        assert (await raw.reply()).status == 400
        assert await raw.ended()
        await until(lambda: city.core.as_json()["connections"] == 0)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "CONNECT"])
@on_uvloop
async def test_plain_http_is_told_so_in_plain_http(tmp_path: Path, method: str) -> None:
    async with gateway(None, tls=Authority(tmp_path).issue()) as city:
        raw = await city.open()
        raw.writer.write(request("/open", method=method))
        reply = await raw.reply()
        assert (reply.status, reply.fields["connection"]) == (400, "close")
        assert reply.problem["type"].endswith(":tls-needed")
        assert city.core.telemetry.counters["tls_plain_http"] == 1
        raw.writer.write(request("/open"))  # and is not listened to any more
        raw.writer.close()


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01\xff\xff" + b"x" * 99]
)
@on_uvloop
async def test_what_is_no_handshake_is_closed_and_counted(tmp_path: Path, sent: bytes) -> None:
    async with gateway(None, tls=Authority(tmp_path).issue()) as city:
        raw = await city.open()
        raw.writer.write(sent)
        await raw.reader.read()
        assert city.core.telemetry.counters["tls_failures"] == 1


def _only(version: ssl.TLSVersion, ciphers: str = "") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = version
    context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context


@on_uvloop
async def test_tls_1_2_is_spoken_with_forward_secrecy_alone(tmp_path: Path) -> None:
    async with (
        api() as behind,
        gateway(snapshot(behind.port), tls=Authority(tmp_path).issue()) as city,
    ):
        raw = await connect(city, _only(ssl.TLSVersion.TLSv1_2))
        cipher = raw.writer.get_extra_info("cipher")[0]
        assert cipher.startswith("ECDHE-")
        assert "GCM" in cipher or "CHACHA20" in cipher
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connect(city, _only(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA"))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@on_uvloop
async def test_older_versions_are_not_spoken(tmp_path: Path) -> None:
    async with gateway(None, tls=Authority(tmp_path).issue()) as city:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connect(city, _only(ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"))


@on_uvloop
async def test_a_new_certificate_counts_from_the_next_handshake_on(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = authority.issue(days=7)
    async with api() as behind, gateway(snapshot(behind.port), tls=files) as city:
        before = await connect(city, authority.client())
        authority.issue(days=9)
        await until(lambda: city.core.telemetry.counters.get("tls_reloads"))
        after = await connect(city, authority.client())
        assert shown(before) != shown(after)
        for raw in (before, after):  # what is open goes on
            raw.writer.write(request("/open"))
            assert (await raw.reply()).body == b"ok"
        told = city.core.as_json()
        assert told["tls_not_after"] == pytest.approx(time.time() + 9 * 86_400, abs=60)
        assert b"supercity_gateway_tls_not_after_seconds" in exposition([told], 1)


@on_uvloop
async def test_a_certificate_that_cannot_be_used_changes_nothing(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = authority.issue()
    key = files.key.read_bytes()
    async with api() as behind, gateway(snapshot(behind.port), tls=files) as city:
        before = shown(await connect(city, authority.client()))
        counters = city.core.telemetry.counters
        other = authority.issue("other")
        other.key.replace(files.key)  # not this certificate's
        await until(lambda: counters.get("tls_reload_failures"))
        assert shown(await connect(city, authority.client())) == before
        files.key.unlink()
        files.key.write_bytes(key)
        other.cert.replace(files.cert)
        await until(lambda: counters["tls_reload_failures"] >= 2)
        assert shown(await connect(city, authority.client())) == before
        authority.issue()  # and both together are taken
        await until(lambda: counters.get("tls_reloads"))
        assert shown(await connect(city, authority.client())) != before


@on_uvloop
async def test_certificates_change_under_load_without_a_failed_request(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = authority.issue()
    seen: set[object] = set()
    stop = asyncio.Event()

    async def ask(city: Gateway) -> int:
        done = 0
        while not stop.is_set():
            raw = await connect(city, authority.client())
            seen.add(shown(raw))
            for _ in range(3):
                raw.writer.write(request("/open"))
                assert (await raw.reply()).status == 200
                done += 1
            raw.writer.close()
        return done

    async with api() as behind, gateway(snapshot(behind.port), tls=files) as city:
        asking = [asyncio.create_task(ask(city)) for _ in range(4)]
        counters = city.core.telemetry.counters
        authority.issue()
        await until(lambda: counters.get("tls_reloads") == 1)
        authority.issue()
        await until(lambda: counters["tls_reloads"] == 2)
        stop.set()
        assert sum(await asyncio.gather(*asking)) > 10
        assert len(seen) >= 2
        assert city.core.telemetry.counters.get("tls_failures", 0) == 0


@on_uvloop
async def test_clients_show_a_certificate_where_they_must(tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    files = replace(authority.issue(), client_ca=authority.file)
    async with api() as behind, gateway(snapshot(behind.port), tls=files) as city:
        raw = await connect(city, authority.client(authority.issue("client")))
        raw.writer.write(request("/open", "", "Client-Cert: :AAAA:"))
        assert (await raw.reply()).body == b"ok"
        assert behind.head("client-cert") is None
        for context in (authority.client(), authority.client(stranger.issue("spy"))):
            with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
                raw = await connect(city, context)  # TLS 1.3 says so only with the first answer
                raw.writer.write(request("/open"))
                await raw.reply()
        await until(lambda: city.core.telemetry.counters["tls_failures"] == 2)
        assert len(behind.heads) == 1


@on_uvloop
async def test_another_protocol_goes_through_it_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    routes = [route("/live", access="open", upgrade="websocket")]
    async with (
        api(echo) as behind,
        gateway(snapshot(behind.port, routes=routes), tls=authority.issue()) as city,
    ):
        raw = await connect(city, authority.client())
        raw.writer.write(request("/live", "", *ASKED))
        await raw.reader.readuntil(b"\r\n\r\n")
        assert await raw.reader.readexactly(5) == b"hello"
        word = b"x" * 2_000_000 + b"."
        raw.writer.write(word)
        assert await raw.reader.readexactly(len(word)) == word
        assert await raw.ended()


@on_uvloop
async def test_handshakes_in_progress_are_bounded_by_number(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    bounds = Bounds(tick=0.02, handshakes=3)
    async with (
        api() as behind,
        gateway(snapshot(behind.port), bounds=bounds, tls=authority.issue()) as city,
    ):
        assert city.core.tls is not None
        under_way = city.core.tls.handshakes
        good = await connect(city, authority.client())  # done: no longer counted
        silent = [await city.open() for _ in range(3)]
        await until(lambda: len(under_way) == 3)
        assert await (await city.open()).ended(), "one more is reset"
        assert city.core.telemetry.counters["tls_refused"] == 1
        good.writer.write(request("/open"))
        assert (await good.reply()).status == 200, "open connections go on"
        silent[0].writer.close()  # one that goes makes room for another
        await until(lambda: len(under_way) == 2)
        other = await connect(city, authority.client())
        other.writer.write(request("/open"))
        assert (await other.reply()).status == 200
        assert len(under_way) == 2
        silent[1].writer.write(b"\x16\x03\x01\x00\x05nonsense")  # as does one that fails
        await until(lambda: len(under_way) == 1)


def test_a_handshake_that_nobody_saw_the_end_of_is_not_counted_for_ever() -> None:
    handshakes = Handshakes(2, longest=-1.0)
    assert [handshakes.begin(number) for number in range(4)] == [True] * 4
    patient = Handshakes(2, longest=60.0)
    assert [patient.begin(number) for number in range(3)] == [True, True, False]
    patient.end(0)
    assert patient.begin(3)


def test_files_that_cannot_be_used_are_said_in_words(tmp_path: Path) -> None:
    good = Authority(tmp_path).issue()
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for files in (
        TlsFiles(tmp_path / "missing.pem", good.key),
        TlsFiles(good.cert, empty),
        TlsFiles(good.key, good.cert),
        TlsFiles(good.cert, good.key, empty),
    ):
        with pytest.raises(ValueError, match=r"\.pem cannot be used"):
            read(files)
    with pytest.raises(ValueError, match="both a certificate and its key"):
        TlsFiles.of(str(good.cert), "")
    assert TlsFiles.of("", "") is None
