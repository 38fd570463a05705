"""``supercity dlq``: events that consumers gave up, looked at and sent again."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from gateway.operator_client import Operator
from gateway.settings import Settings

dlq = typer.Typer(no_args_is_help=True, help="Look at and replay events that consumers gave up.")

_PATH = "/events/v1/dead-letters"
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for another program.")]
_Id = Annotated[str, typer.Argument(help="As `dlq list` shows it.")]


def _call(method: str, path: str) -> Any:
    with Operator.from_settings(Settings.from_environ(os.environ)) as operator:
        return operator.call(method, path)


@dlq.command("list")
def list_letters(
    group: Annotated[str, typer.Option(help="Of consumer groups with this name only.")] = "",
    as_json: _AsJson = False,
) -> None:
    """All that is kept (30 days), oldest first."""
    found = [one for one in _all() if group in ("", one["group"])]
    lines = [
        f"{one['id']}  {one['time']}  {one['client']}/{one['group']}  {one['type']}"
        f"  {one.get('reason', '(about a person)')}"
        for one in found
    ]
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else _text(lines))


def _all() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = _call("GET", f"{_PATH}?{urlencode({'after': cursor, 'limit': 500})}")
        found += page["deadLetters"]
        if len(page["deadLetters"]) < 500:
            return found
        cursor = page["cursor"]


def _text(lines: list[str]) -> str:
    return "\n".join(lines) or "No consumer has given up an event."


@dlq.command("show")
def show_letter(letter_id: _Id, as_json: _AsJson = False) -> None:
    """One of them, with its event."""
    letter = _call("GET", f"{_PATH}/{quote(letter_id, safe='')}")
    if as_json:
        typer.echo(json.dumps(letter, ensure_ascii=False, indent=2))
        return
    event = letter.pop("event", None)
    lines = [f"{name:9} {value}" for name, value in letter.items()]
    typer.echo("\n".join([*lines, json.dumps(event, ensure_ascii=False, indent=2)]))


@dlq.command("replay")
def replay_letter(letter_ids: Annotated[list[str], typer.Argument(help="One or more.")]) -> None:
    """Send events to the group that gave them up again, and to nobody else."""
    for letter_id in letter_ids:
        _call("POST", f"{_PATH}/{quote(letter_id, safe='')}/replay")
        typer.echo(f"{letter_id} is on its way to its group.")
