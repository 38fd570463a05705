from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.control.live import exposition
from gateway.control.live.exposition import Reader
from gateway.control.live.families import FAMILIES
from gateway.core.telemetry.exposition import exposition as gateway_exposition
from gateway.core.telemetry.telemetry import Telemetry

REQUESTS = "supercity_gateway_requests_total"
DURATION = "supercity_gateway_request_duration_seconds_bucket"


def gateway(**more: object) -> str:
    telemetry = Telemetry(100)
    telemetry.of("mobility.listStops")["partner"].observe(200, 0.004)
    telemetry.of("mobility.listStops")["service"].observe(503, 0.3)
    telemetry.of("broker.streamEvents")["partner"].observe(200, 60.0)
    return gateway_exposition([{**telemetry.as_json(), **more}], 1).decode()


def counts(reader: Reader, text: str) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for keys, value in reader.read(text).counts.values():
        for key in keys:
            found[key] = found.get(key, 0.0) + value
    return found


def test_a_gateways_answers_are_counted_by_api_and_by_route() -> None:
    found = counts(Reader(), gateway())
    assert found["answers", "mobility", "2xx"] == 1
    assert found["answers", "mobility", "5xx"] == 1
    assert found["route", "mobility.listStops", "5xx"] == 1
    assert found["below", "mobility", "0.005"] == 1
    assert found["below", "mobility", "+Inf"] == 2


def test_routes_that_are_meant_to_last_have_no_durations() -> None:
    found = counts(Reader(frozenset(("broker.streamEvents",))), gateway())
    assert ("below", "broker", "+Inf") not in found
    assert found["answers", "broker", "2xx"] == 1


def test_gauges_of_one_key_are_together_by_their_kind() -> None:
    text = gateway(
        upstreams={
            "mobility": {"circuit_open": 1, "waiting": 2, "addresses": {"10.0.0.1:80": [1, 0.2, 1]}}
        },
        near_quotas=[("app", "", 0.9)],
        policy_age=4.0,
    )
    levels = Reader().read(text).levels
    assert levels["waiting", "mobility"] == ("sum", 2)
    assert levels["quota", "app", ""] == ("max", 0.9)
    assert levels[("policy-age",)] == ("max", 4.0)


def test_what_is_not_of_the_format_is_passed_over() -> None:
    text = (
        f'{REQUESTS}{{route="a.b",status="2xx"}} 3 1700000000000\n'
        f"{REQUESTS}{{route=\n}}{{ 9\n{REQUESTS} NaN\n\nnonsense\n{REQUESTS}{{}} x\n"
    )
    assert counts(Reader(), text)["answers", "a", "2xx"] == 3


def test_an_exposition_of_any_length_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposition, "MOST_LINES", 3)
    with pytest.raises(ValueError, match="3 lines"):
        Reader().read("a 1\n" * 4)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    Reader().read(text)
    Reader().read(f'{REQUESTS}{{route="{text}",status="2xx"}} 1\n')


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.text(max_size=8), st.text(max_size=8)),
        st.floats(0, 1e9, allow_nan=False),
        max_size=6,
    )
)
def test_values_and_labels_are_those_that_prometheus_reads(
    values: dict[tuple[str, str], float],
) -> None:
    registry = CollectorRegistry()
    gauge = Gauge("city_broker_group_lag_records", "", ["client", "group"], registry=registry)
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    text = generate_latest(registry).decode()
    expected = {
        ("lag", sample.labels["client"], sample.labels["group"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    found = {key: value for key, (_, value) in Reader().read(text).levels.items()}
    assert found == expected


def test_every_family_is_one_that_a_process_exposes() -> None:
    """A metric that is renamed would be missed by nobody but the operator."""
    from connectors.metrics import _Connectors
    from gateway.core.telemetry.exposition import Workers
    from services.broker.consent.ended import Ended
    from services.broker.consent.metrics import ConsentMetrics
    from services.broker.delivery.metrics import DeliveryMetrics
    from services.broker.metrics import Metrics
    from services.evacuation.metrics import Metrics as EvacuationMetrics

    broker, evacuation = Metrics(), EvacuationMetrics()
    DeliveryMetrics(broker.registry)
    ConsentMetrics(broker.registry, Ended(follows=True))
    told = [{"tls_not_after": 1.0, "policy_age": 1.0}]
    collectors = (
        broker.registry,
        evacuation.registry,
        Workers(told, 1),
        _Connectors([], {}),
    )
    exposed = {
        metric.name + suffix
        for each in collectors
        for metric in each.collect()
        for suffix in ("", "_total", "_bucket")
    }
    missing = {name for name in FAMILIES if name not in exposed}
    assert {name for name in missing if not name.startswith("city_control_")} == set()
