from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.control.live.targets import parse_targets
from gateway.settings import Settings
from gateway.up import plan, ports
from gateway.up.papers import Papers
from gateway.up.plan import Plan, Process
from gateway.up.screen import curls


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers.keep(tmp_path)


def drawn(papers: Papers, tmp_path: Path, base: int = 8000, **settings: str) -> Plan:
    environ = {"SUPERCITY_DATA_DIR": str(tmp_path), **settings}
    return plan.draw(Settings.from_environ(environ), papers, base)


def process(of: Plan, name: str) -> Process:
    return next(one for one in of.processes if one.name == name)


def test_a_city_is_five_processes_and_each_can_read_its_settings(
    papers: Papers, tmp_path: Path
) -> None:
    city = drawn(papers, tmp_path)
    names = [one.name for one in city.processes]
    assert names == ["control", "broker", "gateway", "connectors", "services"]
    for one in city.processes:
        settings = Settings.from_environ(one.environ)
        assert settings.data_dir == tmp_path
        assert settings.gateway_url == "http://127.0.0.1:8000"


def test_the_control_plane_is_told_where_the_others_metrics_are(
    papers: Papers, tmp_path: Path
) -> None:
    control = Settings.from_environ(process(drawn(papers, tmp_path), "control").environ)
    asked = {(target.part, target.port) for target in parse_targets(control.metrics_urls)}
    assert asked == {("gateway", 9000), ("broker", 8002), ("connectors", 8003), ("services", 8004)}


def test_all_ports_move_with_the_base(papers: Papers, tmp_path: Path) -> None:
    city = drawn(papers, tmp_path, base=21000)
    assert city.ports.all() == {
        "gateway": 21000,
        "control": 21001,
        "broker": 21002,
        "connectors": 21003,
        "services": 21004,
        "admin": 22000,
    }
    assert city.public_url == "http://127.0.0.1:21000"
    assert all(":8" not in text for one in city.processes for text in one.environ.values())


def test_a_public_address_of_its_own_is_kept(papers: Papers, tmp_path: Path) -> None:
    city = drawn(papers, tmp_path, SUPERCITY_PUBLIC_URL="https://city.example")
    assert city.public_url == "https://city.example"
    assert city.gateway_url == "http://127.0.0.1:8000"


def test_real_servers_reach_the_processes(papers: Papers, tmp_path: Path) -> None:
    urls = {
        "SUPERCITY_LOG_URL": "kafka://k:9092",
        "SUPERCITY_STORE_URL": "postgresql+asyncpg://p/city",
        "SUPERCITY_LIMITS_URL": "redis://r:6379",
    }
    city = drawn(papers, tmp_path, 8000, **urls)
    for one in city.processes:
        assert {name: one.environ[name] for name in urls} == urls


def test_where_messages_may_go_inside_is_for_those_who_send_them(
    papers: Papers, tmp_path: Path
) -> None:
    city = drawn(papers, tmp_path, SUPERCITY_DELIVER_TO="127.0.0.0/8")
    told = {p.name for p in city.processes if p.environ.get("SUPERCITY_DELIVER_TO")}
    assert told == {"broker", "control"}, "webhooks, and notices of consents that ended"
    assert process(city, "broker").environ["SUPERCITY_DELIVER_TO"] == "127.0.0.0/8"


def test_the_key_of_pseudonyms_goes_to_two_processes_only(papers: Papers, tmp_path: Path) -> None:
    city = drawn(papers, tmp_path)
    holders = {p.name for p in city.processes if papers.pairwise_key in p.environ.values()}
    assert holders == {"control", "gateway"}


def test_only_the_gateway_listens_outside(papers: Papers, tmp_path: Path) -> None:
    city = drawn(papers, tmp_path, SUPERCITY_HOST="0.0.0.0")
    outside = {p.name for p in city.processes if p.environ["SUPERCITY_HOST"] == "0.0.0.0"}
    assert outside == {"gateway"}


def test_each_process_gets_its_own_client(papers: Papers, tmp_path: Path) -> None:
    city = drawn(papers, tmp_path)
    assert process(city, "connectors").environ["SUPERCITY_CLIENT_ID"] == "city-connectors"
    assert process(city, "services").environ["SUPERCITY_CLIENT_ID"] == "evacuation"
    assert "SUPERCITY_CLIENT_ID" not in process(city, "broker").environ


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        busy = ports.taken({"broker": port})
        assert busy == {"broker": port}
        said = ports.explain(busy, 8000)
        assert f"{port} (broker)" in said
        assert "--port-base 18000" in said
    assert ports.taken({"broker": port}) == {}


def test_the_lines_to_paste_survive_any_secret(papers: Papers, tmp_path: Path) -> None:
    odd = replace(papers, client_secrets={"sample-app": "a$b'c\"d e"})
    token_line, *_ = curls(drawn(papers, tmp_path), odd, "s1")
    assert """'sample-app:a$b'"'"'c"d e'""" in token_line


def test_real_feeds_reach_the_connectors_and_only_up_has_a_sample_city(
    papers: Papers, tmp_path: Path
) -> None:
    def connectors(**environ: str) -> Settings:
        one = process(drawn(papers, tmp_path, 8000, **environ), "connectors")
        return Settings.from_environ(one.environ)

    real = connectors(SUPERCITY_SOURCES="mobility.gtfs=/feeds", SUPERCITY_SAMPLE="false")
    assert (real.sources, real.sample) == ("mobility.gtfs=/feeds", False)
    assert connectors(SUPERCITY_SAMPLE="true").sample
    assert not connectors().sample
