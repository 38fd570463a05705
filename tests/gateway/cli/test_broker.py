"""``supercity broker``: in the city, and by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from gateway.cli import processes


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What the broker is made with and where it is served, instead of serving it."""
    told: dict[str, Any] = {}
    monkeypatch.setenv("SUPERCITY_DATA_DIR", str(tmp_path))
    for name in ("GATEWAY_KEY", "PORT", "HOST", "PUBLIC_URL", "DELIVER_TO"):
        monkeypatch.delenv(f"SUPERCITY_{name}", raising=False)
    monkeypatch.setattr("services.broker.app.create_broker", lambda **given: told.update(given))
    monkeypatch.setattr(
        processes, "serve", lambda app, host, port: told.update(host=host, port=port)
    )
    monkeypatch.setattr(processes, "configure_logging", lambda: None)
    return told


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["supercity", "broker", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code, arguments


def test_a_port_and_no_key_is_a_broker_alone_for_this_machine(
    started: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERCITY_HOST", "0.0.0.0")
    run(monkeypatch, "--port", "9876", "--store-url", "sqlite+aiosqlite:///s", "--log-url", "l:///")
    assert started["standalone"] is True
    assert (started["host"], started["port"]) == ("127.0.0.1", 9876)
    assert (started["store_url"], started["log_url"]) == ("sqlite+aiosqlite:///s", "l:///")
    assert started["deliver_to"] == ""


def test_alone_it_is_open_to_others_only_where_that_is_said(
    started: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, "--alone", "--host", "0.0.0.0", "--allow-private")
    assert (started["host"], started["port"]) == ("0.0.0.0", 8002)
    assert started["deliver_to"] == "any"


def test_with_a_gateways_key_a_port_opens_nothing(
    started: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERCITY_GATEWAY_KEY", "k" * 32)
    run(monkeypatch, "--port", "9876")
    assert started["standalone"] is False
    assert started["gateway_key"] == "k" * 32


def test_without_either_the_key_is_asked_for(
    started: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["supercity", "broker"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "SUPERCITY_GATEWAY_KEY is not set" in capsys.readouterr().err
    assert not started
