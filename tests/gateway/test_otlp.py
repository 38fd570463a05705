"""Spans of sampled requests, as a collector gets them."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter
from pathlib import Path
from time import time
from typing import Any

import orjson
import pytest

from gateway.core.telemetry.spans import Spans
from gateway.core.telemetry.telemetry import Telemetry
from gateway.otlp import BATCH, Otlp
from tests.gateway.core.city import (
    ROUTES,
    Api,
    Gateway,
    api,
    gateway,
    read_request,
    request,
    route,
    snapshot,
    token,
    until,
)
from tests.gateway.test_worker import running

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"Traceparent: 00-{TRACE}-{PARENT}-01"


def collector(status: int = 200) -> Any:
    async def handle(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\n{}" % status)
            await writer.drain()

    return handle


def spans_of(bodies: list[bytes]) -> list[dict[str, Any]]:
    """Spans with their attributes as a plain object."""
    found = []
    for body in bodies:
        for resource in orjson.loads(body)["resourceSpans"]:
            service = {"key": "service.name", "value": {"stringValue": "supercity-gateway"}}
            assert resource["resource"]["attributes"] == [service]
            found += [span for scope in resource["scopeSpans"] for span in scope["spans"]]
    for span in found:
        pairs = [(one["key"], *one["value"].items()) for one in span["attributes"]]
        span["attributes"] = {
            key: int(value) if kind == "intValue" else value for key, (kind, value) in pairs
        }
    return found


async def sent(city: Gateway, url: str = "") -> list[dict[str, Any]]:
    """What a collector is told of the requests that were noted."""
    assert city.core.spans is not None
    async with api(collector()) as there:
        out = Otlp(city.core.spans, f"http://127.0.0.1:{there.port}/", city.core.telemetry)
        await out.send()
        await out._http.aclose()
        assert all(head.startswith(b"POST /v1/traces HTTP/1.1") for head in there.heads)
        return spans_of(there.bodies)


async def test_a_sampled_trace_goes_on_through_the_gateway() -> None:
    async with api() as behind, gateway(snapshot(behind.port), spans=Spans(0)) as city:
        began = time()
        good = token()
        assert (await city.get("/stops/north?near=home", good, SAMPLED)).status == 200
        told = behind.head("traceparent")
        assert (await city.get("/stops", good)).status == 200  # not sampled
        unsampled = f"00-{TRACE}-{PARENT}-00"
        await city.get("/stops", good, f"Traceparent: {unsampled}")
        assert behind.head("traceparent") == unsampled
        own, call = await sent(city)
        assert city.core.telemetry.counters["spans_sent"] == 1
    assert (own["traceId"], own["parentSpanId"]) == (TRACE, PARENT)
    assert (call["traceId"], call["parentSpanId"]) == (TRACE, own["spanId"])
    assert told == f"00-{TRACE}-{call['spanId']}-01"
    assert (own["name"], own["kind"]) == ("GET /stops/{stop}", 2)
    assert own["attributes"] == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/stops/{stop}",
        "url.scheme": "https",
        "server.address": "city.example",
        "supercity.operation": "test.get-stops-{stop}",
        "supercity.client_class": "partner",
    }
    assert (call["name"], call["kind"]) == ("GET", 3)
    assert call["attributes"]["server.address"] == "127.0.0.1"
    assert call["attributes"]["server.port"] == behind.port
    times = [int(own["startTimeUnixNano"]), int(call["startTimeUnixNano"])]
    times += [int(call["endTimeUnixNano"]), int(own["endTimeUnixNano"])]
    assert times == sorted(times)
    assert abs(times[0] / 1e9 - began) < 60
    assert "status" not in own


async def test_nobody_is_in_a_span() -> None:
    async with api() as behind, gateway(snapshot(behind.port), spans=Spans(1)) as city:
        secret = token("mobility:read", "hanako")
        await city.get("/residents/me/records?who=hanako", secret, "X-Request-Id: hanakos-request")
        await city.get("/hanako", secret)
        found = await sent(city)
    assert found[0]["attributes"]["http.route"] == "/residents/{resident}/records"
    for word in ("hanako", secret[-20:], "'app'"):
        assert word not in repr(found)


async def test_a_trace_that_begins_here_is_sampled_by_chance() -> None:
    chances = iter([0.3, 0.2, 0.7, 0.1])
    async with api() as behind:
        spans = Spans(0.25, chance=lambda: next(chances))
        async with gateway(snapshot(behind.port), spans=spans) as city:
            flags = []
            for content in (b"", b"", b"x", b"x"):
                await city.ask(request("/open", method="POST", body=content))
                flags.append((behind.head("traceparent") or "")[-2:])
            assert flags == ["00", "01", "00", "01"]
            found = await sent(city)
    assert len(found) == 4
    assert "parentSpanId" not in found[0]
    assert behind.head("x-request-id") == found[2]["traceId"], "one name for both"


async def test_what_failed_is_marked() -> None:
    async def broken(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)

    async with api(broken) as behind, gateway(snapshot(behind.port), spans=Spans(1)) as city:
        assert (await city.get("/open")).status == 502
        assert (await city.get("/stops")).status == 401
        own, call, refused = await sent(city)
    assert own["status"] == {"code": 2}
    assert own["attributes"]["error.type"] == "502"
    assert call["status"] == {"code": 2}
    assert "status" not in refused, "the client's mistake is none of the server's (HTTP spans)"


async def test_kept_answers_are_asked_for_within_the_span_of_who_asked() -> None:
    fresh = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 2\r\n\r\nok"

    async def handle(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            writer.write(fresh)

    routes = [*ROUTES, route("/kept", access="open", cache={})]
    async with (
        api(handle) as behind,
        gateway(snapshot(behind.port, routes=routes), spans=Spans(1)) as city,
    ):
        for _ in range(3):
            assert (await city.get("/kept")).status == 200
        found = await sent(city)
    assert len(behind.heads) == 1
    assert len(found) == 3, "a hit leaves a span, too"
    told = behind.head("traceparent")
    assert told == f"00-{found[0]['traceId']}-{found[0]['spanId']}-01"


async def test_what_waits_is_bounded_and_what_is_not_taken_waits_again() -> None:
    async with api() as behind, api(collector(503)) as busy:
        spans = Spans(1, most=BATCH + 6)
        async with gateway(snapshot(behind.port), spans=spans) as city:
            raw = await city.open()
            for _ in range(BATCH + 10):
                raw.writer.write(request("/open"))
                await raw.reply()
            assert (len(spans.waiting), spans.dropped) == (BATCH + 6, 4)
            first = spans.waiting[0]
            out = Otlp(spans, f"http://127.0.0.1:{busy.port}", Telemetry(1))
            await out.send()
            assert len(busy.bodies) == 1, "it is not asked more while it says no"
            assert (len(spans.waiting), spans.dropped) == (BATCH + 6, 4)
            assert spans.waiting[0] is first
            await out._http.aclose()
            assert len(await sent(city)) == 2 * (BATCH + 6)
            assert not spans.waiting


@pytest.mark.parametrize("status", [400, 404])
async def test_what_is_refused_for_good_is_dropped_and_counted(status: int) -> None:
    async with api() as behind, api(collector(status)) as there:
        spans = Spans(1)
        async with gateway(snapshot(behind.port), spans=spans) as city:
            await city.get("/open")
            out = Otlp(spans, f"http://127.0.0.1:{there.port}", city.core.telemetry)
            await out.send()
            await out._http.aclose()
            assert (len(spans.waiting), city.core.as_json()["spans_dropped"]) == (0, 1)


async def test_workers_send_what_they_have_also_when_they_end(tmp_path: Path) -> None:
    async with api() as behind, api(collector()) as there:
        url = f"http://127.0.0.1:{there.port}"
        async with running(tmp_path, snapshot(behind.port), 1, otlp=url) as city:
            assert (await city.ask(request("/stops", token(), SAMPLED))).status == 200
            city.process.terminate()
            await until(lambda: there.bodies, 15)
            assert await city.process.wait() == 0
    assert [span["name"] for span in spans_of(there.bodies)] == ["GET /stops", "GET"]
