"""The command line against a real control plane over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import cli
from tests.gateway.cli.shell import refusal, run, runner

pytestmark = pytest.mark.usefixtures("environment")

BEGUN = {"verification_uri_complete": "https://city.example/", "user_code": "BCDF-GHJK"}
TOKEN = {"access_token": "t", "expires_in": 600, "scope": "operator:keys"}


def test_an_unknown_api_is_attached_by_its_address_alone(parks: str) -> None:
    told = run("attach", parks)
    assert "GET    /apps/parks-benches/benches/{bench}  [parks-benches:read]" in told
    assert "✓  api parks-benches  attached, 1 routes" in run("status")
    assert "409" not in refusal("attach", parks)
    assert run("detach", "parks-benches") == "Detached parks-benches.\n"


def test_findings_say_where_and_what_to_do(parks: str) -> None:
    told = refusal("attach", parks, "--name", "other")
    assert "/paths/~1benches~1{bench}/get/security/0: Scope 'parks-benches:read'" in told
    assert "→ Name scopes of your own: other:read." in told


def test_a_document_that_is_not_there_is_told_before_anything_is_asked(city: str) -> None:
    told = refusal("attach", f"{city}/nowhere.json")
    assert "give --name" in told


def test_clients_are_created_changed_and_suspended() -> None:
    made: dict[str, Any] = json.loads(
        run("clients", "add", "Maps", "--scope", "mobility:read", "--acts", "--json")
    )
    assert made["client_secret"]
    assert [one.rpartition(":")[2] for one in made["grant_types"]] == [
        "client_credentials",
        "token-exchange",
    ]
    client_id = made["client_id"]
    assert "disaster:read" in run("clients", "grant", client_id, "disaster:read")
    assert "1000 requests a day" in run("clients", "quota", client_id, "1000")
    unlimited = json.loads(run("clients", "quota", client_id, "0", "--json"))
    assert unlimited["quota"] == 0
    assert "void" in run("clients", "suspend", client_id)
    (line,) = [one for one in run("clients", "list").splitlines() if client_id in one]
    assert "suspended" in line
    assert "1 scope " in line
    assert "disaster:read" in run("clients", "show", client_id)
    assert "active" in run("clients", "resume", client_id)


def test_clients_that_registered_themselves_are_approved_or_refused(city: str) -> None:
    def registered() -> str:
        metadata = {"client_name": "Benches", "scope": "mobility:read parks:read"}
        made = httpx.post(f"{city}/oauth/register", json=metadata)
        assert made.status_code == 201, made.text
        client_id: str = made.json()["client_id"]
        return client_id

    wanted, other = registered(), registered()
    (line,) = [one for one in run("clients", "list").splitlines() if wanted in one]
    assert "pending" in line
    said = run("clients", "approve", wanted, "--scope", "mobility:read")
    assert said.strip().endswith("may ask for: mobility:read")
    assert "was not asked for" in refusal("clients", "approve", other, "--scope", "medical:read")
    assert "is refused" in run("clients", "refuse", other, "nobody knows them")
    assert "waits for nothing" in refusal("clients", "approve", wanted)


def test_keys_are_rotated() -> None:
    before = json.loads(run("keys", "list", "--json"))
    run("keys", "rotate", "--immediately", given="n\n", code=1)
    assert "The new key is" in run("keys", "rotate")
    assert before[0]["kid"] in run("keys", "list")
    assert len(json.loads(run("keys", "list", "--json"))) == len(before) + 1


def test_without_credentials_the_way_to_them_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERCITY_DATA_DIR", str(tmp_path / "empty"))
    assert "SUPERCITY_CLIENT_ID" in refusal("status")


def test_wrong_credentials_and_an_absent_city_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERCITY_CLIENT_ID", "operator")
    monkeypatch.setenv("SUPERCITY_CLIENT_SECRET", "wrong")
    assert "does not know client 'operator'" in refusal("status")
    monkeypatch.setenv("SUPERCITY_GATEWAY_URL", "http://127.0.0.1:1")
    assert "supercity up" in refusal("keys", "list")
    assert "supercity up" in run("status", code=1)


def test_a_process_without_its_keys_says_which(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["supercity", "control"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "SUPERCITY_GATEWAY_KEY is not set" in capsys.readouterr().err


def test_help_names_every_command() -> None:
    told = run("--help")
    for command in ("up", "gateway", "control", "broker", "connectors", "services", "attach"):
        assert command in told


def test_an_emergency_is_declared_looked_at_and_ended() -> None:
    told = run("emergency", "on", "Flood on the east bank", "--hours", "2", "--level", "severe")
    assert "severe" in told
    found = json.loads(run("emergency", "status", "--json"))
    assert found["reason"] == "Flood on the east bank"
    assert found["id"] in run("emergency", "status")
    assert run("emergency", "off") == "The emergency is over.\n"
    assert "No emergency is in force" in refusal("emergency", "status")
    assert "72 hours" in refusal("emergency", "on", "Flood", "--hours", "73")


def test_the_audit_log_is_listed_and_proved_whole(tmp_path: Path) -> None:
    run("keys", "rotate")
    kept = tmp_path / "checkpoint"
    kept.write_text(run("audit", "checkpoint"))
    run("clients", "add", "Auditor's friend")
    newest, *_ = json.loads(run("audit", "list", "--json"))
    assert newest["action"] == "client.register"
    assert "key.rotate" in run("audit", "list", "--action", "key.rotate")
    told = json.loads(run("audit", "verify", "--json", "--checkpoint", str(kept)))
    assert told["whole"]
    assert told["size"] == newest["number"] + 1


def test_a_checkpoint_of_another_log_is_not_taken(tmp_path: Path) -> None:
    run("keys", "rotate")
    kept = tmp_path / "checkpoint"
    kept.write_text(run("audit", "checkpoint").replace("timestamp 1", "timestamp 2"))
    assert "not signed by" in refusal("audit", "verify", "--checkpoint", str(kept))
    assert "--key" in refusal("audit", "verify", "--key", "nonsense")


def test_kept_answers_are_purged_by_one_name() -> None:
    purged = json.loads(run("cache", "purge", "--all", "--json"))
    assert purged["what"] == "*"
    assert "forgotten" in run("cache", "purge", "--route", "control.getOpenApiDocument")
    assert "There is no route 'parks.list'" in refusal("cache", "purge", "--route", "parks.list")
    assert "nothing" in refusal("cache", "purge", "--dataset", "nothing")
    for wrong in ([], ["--all", "--dataset", "stops"]):
        assert "one of them" in refusal("cache", "purge", *wrong)


def test_staff_are_invited_and_sign_in_at_an_address_that_the_command_shows(
    city: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = run("staff", "invite", "mori", "--role", "operator", "--name", "森")
    assert f"{city}/staff/enrol?invitation=" in told
    assert "(invited)" in run("staff", "list")
    (mori,) = json.loads(run("staff", "list", "--json"))
    assert "invitation=" in run("staff", "reset", mori["staffId"])
    assert "mori is suspended" in run("staff", "suspend", mori["staffId"])
    monkeypatch.setattr("gateway.cli.staff._wait", lambda *_: TOKEN)
    shown = runner.invoke(cli.app, ["login"], catch_exceptions=False)
    told = shown.output
    assert f"{city}/staff/device?user_code=" in told
    assert "Signed in for 10 minutes" in told
    assert (tmp_path / "session.json").exists()
    run("logout")
    assert not (tmp_path / "session.json").exists()


def test_login_says_why_it_was_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("gateway.cli.staff.time.sleep", pauses.append)
    begun = {"device_code": "unknown", "interval": 5}
    monkeypatch.setattr("gateway.cli.staff._post", lambda *_, **__: {**BEGUN, **begun})
    assert "device_code" in refusal("login")
    assert pauses == [5]
