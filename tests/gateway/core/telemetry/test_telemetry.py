"""What is counted and logged, and that nobody is in it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.core.telemetry.exposition import exposition
from gateway.core.telemetry.telemetry import Telemetry, departed
from tests.gateway.core.city import (
    PSEUDONYMS,
    Gateway,
    api,
    gateway,
    request,
    route,
    snapshot,
    token,
    until,
)


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    """``(name, route, client class, what else)`` → value."""
    order = (
        "route", "client_class", "status", "reason", "kind", "le", "priority", "upstream", "level",
    )  # fmt: skip
    return {
        (
            sample.name.removeprefix("supercity_gateway_"),
            *(sample.labels[name] for name in order if name in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def of(city: Gateway) -> dict[tuple[str, ...], float]:
    return samples(exposition([orjson.loads(orjson.dumps(city.core.as_json()))], 1))


async def test_requests_are_counted_by_route_class_and_status() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        good = token()
        for _ in range(3):
            await city.get("/stops", good)
        await city.get("/stops")
        await city.get("/nowhere")
        await city.ask(b"nonsense\r\n\r\n")
        await city.get("/open")
        found = of(city)
    assert found["requests_total", "test.get-stops", "partner", "2xx"] == 3
    assert found["requests_total", "test.get-stops", "none", "4xx"] == 1
    assert found["requests_total", "test.get-open", "none", "2xx"] == 1
    assert found["rejected_total", "test.get-stops", "none", "no-token"] == 1
    assert found["rejected_total", "none", "none", "not-found"] == 1
    assert found["rejected_total", "none", "none", "malformed"] == 1
    assert found["request_duration_seconds_count", "test.get-stops", "partner"] == 3
    assert found["request_duration_seconds_bucket", "test.get-stops", "partner", "+Inf"] == 3
    assert 0 < found["request_duration_seconds_sum", "test.get-stops", "partner"] < 3
    assert found["in_flight", "test.get-stops", "partner"] == 0
    assert found["tokens_verified_total",] == 1
    assert found["tokens_remembered_total",] == 2
    assert found["workers",] == 1


async def test_failures_of_upstreams_are_counted_by_kind() -> None:
    async with api() as behind:
        port = behind.port
    async with gateway(snapshot(port)) as city:
        assert (await city.get("/stops", token())).status == 502
        found = of(city)
    assert found["upstream_errors_total", "test.get-stops", "partner", "connect"] == 1
    assert found["requests_total", "test.get-stops", "partner", "5xx"] == 1


def test_workers_are_added_up_and_counters_survive_their_worker() -> None:
    one, two = Telemetry(10), Telemetry(10)
    for telemetry, seconds in ((one, 0.002), (two, 0.2), (two, 20.0)):
        stats = telemetry.of("r")["partner"]
        stats.observe(200, seconds)
        stats.reject("rate-client")
        stats.in_flight += 1
        telemetry.count("policies_applied")
    gone = departed({}, orjson.loads(orjson.dumps(one.as_json())))
    found = samples(exposition([gone, two.as_json()], 1))
    assert found["requests_total", "r", "partner", "2xx"] == 3
    assert found["request_duration_seconds_bucket", "r", "partner", "0.0025"] == 1
    assert found["request_duration_seconds_bucket", "r", "partner", "0.25"] == 2
    assert found["request_duration_seconds_bucket", "r", "partner", "+Inf"] == 3
    assert found["rejected_total", "r", "partner", "rate-client"] == 3
    assert found["in_flight", "r", "partner"] == 2, "what was in flight in it is not any more"
    assert found["policies_applied_total",] == 3
    twice = departed(gone, two.as_json())
    assert samples(exposition([twice], 0))["requests_total", "r", "partner", "2xx"] == 3


def test_series_are_bounded() -> None:
    telemetry = Telemetry(5)
    for number in range(50):
        telemetry.of(f"route-{number}")["partner"].observe(200, 0.1)
    assert len(telemetry.as_json()["series"]) <= 6
    found = samples(exposition([telemetry.as_json()], 1))
    assert found["requests_total", "other", "none", "2xx"] >= 45


@pytest.mark.parametrize("path", ["/residents/me/records?name=yamada"])
async def test_the_log_finds_a_request_by_its_id_and_names_nobody(
    tmp_path: Path, path: str
) -> None:
    log = tmp_path / "access.log"
    async with api() as behind, gateway(snapshot(behind.port), access_log=str(log)) as city:
        reply = await city.get(path, token(resident="taro"), "User-Agent: yamada-phone")
        await city.ask(request("/stops", token(), method="POST", body=b"hello"))
        await until(lambda: log.read_bytes().count(b"\n") == 2)
    first, second = map(orjson.loads, log.read_bytes().splitlines())
    assert first["request_id"] == reply.fields["x-request-id"]
    assert first["route"] == "test.get-residents-{resident}-records"
    assert (first["client"], first["status"], first["bytes_out"]) == ("app", 200, 2)
    assert (second["method"], second["bytes_in"]) == ("POST", 5)
    written = log.read_text()
    for private in ("yamada", "taro", "127.0.0.1", PSEUDONYMS.of("taro", "mobility"), "eyJ"):
        assert private not in written


async def test_what_cannot_be_written_in_time_is_dropped_and_counted(tmp_path: Path) -> None:
    from gateway.core.bounds import Bounds

    bounds = Bounds(log_lines=2, tick=60)
    log = str(tmp_path / "access.log")
    policy = snapshot(9, routes=[route("/open", access="open")])
    async with gateway(policy, bounds=bounds, access_log=log) as city:
        for _ in range(5):
            await city.get("/nowhere")
        assert of(city)["log_dropped_total",] == 3
