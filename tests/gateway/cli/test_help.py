"""Every command explains itself, and speaks JSON where it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from gateway import cli
from gateway.cli import complete
from gateway.cli.operator import city_of
from gateway.cli.screen import columns, paint
from gateway.control.links import LINKED_DOMAINS
from gateway.control.staff.roles import ROLES
from gateway.settings import Settings
from tests.gateway.cli.shell import run

SILENT = {"up", "gateway", "control", "broker", "connectors", "services", "policy schema"}
"""They answer nothing, or always in JSON."""


def commands() -> Iterator[tuple[str, set[str], str, str]]:
    """Name, options, help and closing words of every command."""
    root = typer.main.get_command(cli.app)
    assert isinstance(root, TyperGroup)
    for name, command in root.commands.items():
        inner = command.commands if isinstance(command, TyperGroup) else {"": command}
        for second, each in inner.items():
            options = {text for one in each.params for text in one.opts}
            yield f"{name} {second}".strip(), options, each.help or "", each.epilog or ""


def test_every_command_says_what_it_does_and_gives_an_example() -> None:
    for name, _, told, example in commands():
        assert told, name
        assert "Example: " in example, name
        assert f"supercity {name}" in example, name


def test_every_command_that_answers_can_do_so_in_json() -> None:
    without = {name for name, options, *_ in commands() if "--json" not in options}
    assert without == SILENT


def test_its_version_is_told() -> None:
    assert run("--version").startswith("supercity")


def test_help_is_grouped() -> None:
    told = run("--help")
    for panel in ("Start", "Operate", "People and their data", "Parts, each by itself"):
        assert panel in told
    assert "Exit codes" in told


def test_what_is_completed_is_what_there_is() -> None:
    assert [name for name, _ in complete.sectors("")] == list(LINKED_DOMAINS)
    assert [name for name, _ in complete.roles("")] == list(ROLES)


def test_columns_are_as_wide_as_japanese_letters() -> None:
    assert columns([("市", "a"), ("abc", "b")]) == "市   a\nabc  b"


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colour_is_for_terminals_whose_user_wants_it(
    no_color: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paint("x", "red") == "x"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert (paint("x", "red") == "x") is bool(no_color)


def test_the_city_is_that_of_the_data_folder_unless_another_is_named(tmp_path: Path) -> None:
    card = {"client_id": "o", "client_secret": "s", "gateway_url": "http://127.0.0.1:18000"}
    (tmp_path / "operator.json").write_text(json.dumps(card))
    here = {"SUPERCITY_DATA_DIR": str(tmp_path)}
    assert city_of(Settings.from_environ(here)) == "http://127.0.0.1:18000"
    named = {**here, "SUPERCITY_GATEWAY_URL": "https://city.example"}
    assert city_of(Settings.from_environ(named)) == "https://city.example"
