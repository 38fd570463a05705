"""``supercity policy`` against a real control plane over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import cli
from tests.gateway.cli.shell import refusal, run, runner

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture
def file(tmp_path: Path, parks: str) -> Path:
    path = tmp_path / "city.yaml"
    path.write_text(f"""\
apis:
  parks-benches: {{document_url: "{parks}"}}
clients:
  operator:
    name: operator
    scopes: [operator:apis, operator:clients, operator:keys, operator:staff]
  maps:
    scopes: [mobility:read]
    secret: {{file: {tmp_path}/secret}}
  clinic:
    grant_types: [authorization_code]
    redirect_uris: [https://clinic.example/cb]
    scopes: [medical:records]
    consent_notices: https://clinic.example/ended
staff:
  sato: {{name: 佐藤, roles: [operator]}}
linkage: {{most_domains: 1, watched: [[medical, payments]]}}
""")
    (tmp_path / "secret").write_text("kept-elsewhere-kept-elsewhere\n")
    return path


def differences(file: Path, code: int = 2) -> list[str]:
    found = json.loads(run("policy", "diff", str(file), "--json", code=code))
    return [f"{one['action']} {one['name']}" for one in found]


def test_a_file_is_applied_once_and_then_makes_no_difference(
    file: Path, tmp_path: Path, city: str
) -> None:
    assert "good" in run("policy", "validate", str(file))
    wanted = ["change limit", "add parks-benches", "add clinic", "add maps", "change operator"]
    assert differences(file) == [*wanted, "add sato"]
    told: dict[str, Any] = json.loads(run("policy", "apply", str(file), "--yes", "--json"))
    assert [one["name"] for one in told["done"]][-1] == "sato"
    assert told["failed"] is None
    shown = {name for one in told["shownOnce"] for name in one}
    assert shown == {"client", "person", "client_secret", "consent_notices_secret", "invitation"}
    assert "kept-elsewhere" not in str(told)
    form = {"grant_type": "client_credentials"}
    auth = ("maps", "kept-elsewhere-kept-elsewhere")
    assert httpx.post(f"{city}/oauth/token", data=form, auth=auth).status_code == 200

    assert differences(file, code=0) == []
    assert run("policy", "apply", str(file)) == "Nothing to do.\n"
    dumped = tmp_path / "dumped.yaml"
    dumped.write_text(run("policy", "dump"))
    assert "佐藤" in dumped.read_text()
    assert run("policy", "diff", str(dumped)) == "No difference.\n"
    assert json.loads(run("policy", "dump", "--json"))["linkage"]["most_domains"] == 1

    text = file.read_text().replace("[mobility:read]", "[disaster:read]\n    suspended: true")
    text = text.replace("    consent_notices: https://clinic.example/ended\n", "")
    text = text.replace("roles: [operator]", "roles: [auditor]")
    file.write_text(text.replace("/openapi.json", "/openapi.json#"))
    assert differences(file) == [
        "change parks-benches",
        "change clinic",
        "change maps",
        "change sato",
    ]
    told = json.loads(run("policy", "apply", str(file), "-y", "--json"))
    assert len(told["done"]) == 4, told
    assert differences(file, code=0) == []

    emptied = file.with_name("emptied.yaml")
    emptied.write_text("clients: {operator: {scopes: [operator:clients, operator:apis]}}\napis: {}")
    kept = run("policy", "apply", str(emptied), "--yes")
    assert "Kept, though the file does not name them (--prune removes them)" in kept
    assert "remove maps" in differences(emptied)
    assert "- client maps" in run("policy", "apply", str(emptied), "--yes", "--prune")
    assert differences(emptied, code=0) == []
    assert "its id is never given again" in refusal("policy", "diff", str(file))


def test_it_stops_at_the_first_refusal_and_says_how_far_it_came(tmp_path: Path) -> None:
    file = tmp_path / "city.yaml"
    file.write_text("""\
clients:
  first: {}
  second: {secret: {env: NOWHERE}}
  third: {}
""")
    secrets = tmp_path / "secrets.json"
    told = run("policy", "apply", str(file), "-y", "--secrets-to", str(secrets), code=1)
    assert "✓ + client first" in told
    assert "✗ + client second: The secret is not there: variable NOWHERE is not set." in told
    assert "not begun: + client third" in told
    assert secrets.stat().st_mode & 0o777 == 0o600
    (shown,) = json.loads(secrets.read_text())["shownOnce"]
    assert shown["client"] == "first"
    assert shown["client_secret"] not in told


def test_nothing_is_done_without_a_yes(tmp_path: Path) -> None:
    file = tmp_path / "city.yaml"
    file.write_text("clients: {wanted: {}}")
    run("policy", "apply", str(file), code=1, given="n\n")
    assert "add wanted" in differences(file)
    assert "✓ + client wanted" in run("policy", "apply", str(file), given="y\n")


def test_a_wrong_file_is_told_line_by_line_and_asks_nothing_of_the_city(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "city.yaml"
    file.write_text("clients:\n  maps:\n    scops: []\n    quota: -1\n")
    monkeypatch.setenv("SUPERCITY_GATEWAY_URL", "http://127.0.0.1:1")
    told = run("policy", "validate", str(file), code=1)
    assert f"{file}:3:5: clients.maps.scops: is not known here" in told
    assert "→ Did you mean scopes?" in told
    assert [
        one["line"] for one in json.loads(run("policy", "validate", str(file), "--json", code=1))
    ] == [3, 4]
    for command in ("diff", "apply"):
        assert f"{file}:4:5" in refusal("policy", command, str(file))
    assert "cannot be read" in refusal("policy", "validate", str(tmp_path / "none.yaml"))


def test_the_way_to_authenticate_cannot_be_changed_in_place(tmp_path: Path) -> None:
    file = tmp_path / "city.yaml"
    file.write_text("clients: {fixed: {}}")
    run("policy", "apply", str(file), "--yes")
    spa = "{auth_method: none, grant_types: [authorization_code], redirect_uris: ['https://a/b']}"
    file.write_text(f"clients: {{fixed: {spa}}}")
    told = run("policy", "apply", str(file), "--yes", code=1)
    assert "How a client authenticates is fixed" in told


def test_what_the_platform_needs_is_not_in_anybodys_file(tmp_path: Path) -> None:
    file = tmp_path / "city.yaml"
    file.write_text("clients: {supercity-cli: {}}")
    assert "the platform's own" in refusal("policy", "diff", str(file))
    assert "supercity-c" not in run("policy", "dump")


def test_what_the_city_takes_can_be_dumped_and_compared_though_it_is_doubtful(
    tmp_path: Path,
) -> None:
    file = tmp_path / "city.yaml"
    file.write_text("""\
clients:
  doubtful: {scopes: ["operator:future"], consent_notices: "https://a.example/x"}
linkage: {watched: [[weather, medical]]}
""")
    told = run("policy", "validate", str(file))
    assert f"{file}:2:14: clients.doubtful.scopes: perhaps not meant" in told
    assert told.endswith("is good.\n")
    assert len(json.loads(run("policy", "validate", str(file), "--json"))) == 3
    run("policy", "apply", str(file), "--yes")
    file.write_text(run("policy", "dump"))
    assert run("policy", "diff", str(file)) == "No difference.\n"


def test_what_is_perhaps_not_meant_is_told_beside_the_answer(tmp_path: Path) -> None:
    file = tmp_path / "city.yaml"
    scopes = "[operator:keys, bike:ride, bikes:ride, parks:see]"
    file.write_text(
        "apis: {bikes: {document_url: 'http://b/openapi.json'}}\n"
        f"clients: {{operator: {{scopes: {scopes}}}}}"
    )
    result = runner.invoke(cli.app, ["policy", "diff", str(file), "--json"], catch_exceptions=False)
    assert "clients.operator is in the bootstrap file too" in result.stderr
    assert "no attached API has 'bike:ride' now" in result.stderr
    assert "'parks:see'" in result.stderr
    assert "bikes:ride" not in result.stderr
    assert json.loads(result.stdout)
    assert "operator" not in json.loads(run("policy", "dump", "--json"))["clients"]


def test_the_schema_is_json_for_editors() -> None:
    found = json.loads(run("policy", "schema"))
    assert found["properties"]["clients"]
