"""The command line against a whole city, through its gateway and with real tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway import cli
from tests.gateway.cli.shell import run, runner
from tests.journeys.city import City, until


@pytest.fixture
def _here(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the city's own folder; where it listens, its files say."""
    monkeypatch.setenv("SUPERCITY_DATA_DIR", str(city.folder))
    for name in ("PUBLIC_URL", "GATEWAY_URL", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"SUPERCITY_{name}", raising=False)


@pytest.mark.usefixtures("_here")
def test_a_policy_is_dumped_changed_applied_and_holds_at_the_gateway(
    city: City, tmp_path: Path
) -> None:
    file = tmp_path / "city.yaml"
    file.write_text(run("policy", "dump"))
    assert run("policy", "diff", str(file)) == "No difference.\n"
    before = json.loads(run("policy", "dump", "--json"))
    clients = {**before["clients"], "walkers": {"scopes": ["mobility:read"]}}
    file.write_text(json.dumps({**before, "clients": clients}))
    told = json.loads(run("policy", "apply", str(file), "--yes", "--json"))
    (shown,) = told["shownOnce"]
    token = city.token(shown["client"], shown["client_secret"])
    with city.bearer(token) as http:
        until(lambda: http.get("/mobility/v1/stops?limit=1").is_success)
        assert http.get("/medical/v1/hospitals?limit=1").status_code == 403
    file.write_text(json.dumps(before))
    assert "- client walkers" in run("policy", "apply", str(file), "--yes", "--prune")
    with city.bearer(token) as http:
        until(lambda: http.get("/mobility/v1/stops?limit=1").status_code == 401)


@pytest.mark.usefixtures("_here")
def test_the_state_of_a_city_is_told_and_is_the_exit_code() -> None:
    told = runner.invoke(cli.app, ["status", "--json"], catch_exceptions=False)
    found = json.loads(told.stdout)
    assert told.exit_code == (0 if found["well"] else 1)
    states = {one["name"]: one["state"] for one in found["checks"]}
    assert {"api mobility", "api broker", "api evacuation"} <= states.keys()
    assert {state for name, state in states.items() if name.startswith("api ")} == {"ok"}
