"""What is seen from outside of upstreams and their addresses."""

from __future__ import annotations

import orjson
from prometheus_client.parser import text_string_to_metric_families

from gateway.core.telemetry.exposition import exposition
from gateway.core.telemetry.telemetry import departed
from tests.gateway.core.city import Gateway, api, gateway, snapshot, until
from tests.gateway.core.test_faults import QUICK
from tests.gateway.core.upstreams.test_upstream import free_port, silent

Samples = dict[tuple[str, ...], float]


def samples(*told: object) -> Samples:
    """Name without prefix, and the values of its labels → value."""
    text = exposition([orjson.loads(orjson.dumps(each)) for each in told], len(told)).decode()
    order = ("upstream", "event", "address")
    return {
        (
            sample.name.removeprefix("supercity_gateway_upstream_"),
            *(sample.labels[name] for name in order if name in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def ask_until_ejected(city: Gateway) -> None:
    assert city.core.policy is not None
    events = city.core.policy.upstreams["main"].events
    while not events.get("ejections"):
        assert (await city.get("/open")).status == 200


async def test_what_happens_to_an_upstream_is_counted_over_all_workers() -> None:
    dead = free_port()
    async with api() as behind, gateway(snapshot(behind.port, dead)) as city:
        await ask_until_ejected(city)
        told = city.core.as_json()
    found = samples(told, told)
    assert found["events_total", "main", "ejections"] == 2
    assert found["events_total", "main", "reconnects"] == 2
    assert found["address_out", "main", f"127.0.0.1:{dead}"] == 2
    assert found["address_out", "main", f"127.0.0.1:{behind.port}"] == 0
    assert 0 < found["address_latency_seconds", "main", f"127.0.0.1:{behind.port}"] < 1
    assert found["circuit_open", "main"] == 0


async def test_what_a_worker_counted_outlives_it() -> None:
    async with api() as behind, gateway(snapshot(behind.port, free_port())) as city:
        await ask_until_ejected(city)
        told = city.core.as_json()
    gone = departed(departed({}, told), told)
    assert samples(gone)["events_total", "main", "ejections"] == 2
    assert ("circuit_open", "main") not in samples(gone), "gauges are gone with it"


async def test_an_open_circuit_and_requests_in_hand_are_seen() -> None:
    async with gateway(snapshot(free_port()), bounds=QUICK) as city:
        for _ in range(QUICK.break_after):
            await city.get("/open")
        assert samples(city.core.as_json())["circuit_open", "main"] == 1
    async with api(silent) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(b"GET /open HTTP/1.1\r\nHost: city.example\r\n\r\n")
        await until(lambda: behind.heads)
        address = f"127.0.0.1:{behind.port}"
        assert samples(city.core.as_json())["address_in_flight", "main", address] == 1


async def test_counts_of_an_upstream_go_on_when_its_policy_changes() -> None:
    async with api() as behind, gateway(snapshot(behind.port, free_port())) as city:
        await ask_until_ejected(city)
        city.core.apply(orjson.dumps(snapshot(behind.port, revision="r2")))
        assert (await city.get("/open")).status == 200
        found = samples(city.core.as_json())
    assert found["events_total", "main", "ejections"] == 1
    assert len([key for key in found if key[0] == "address_out"]) == 1
