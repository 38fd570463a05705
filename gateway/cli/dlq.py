"""``supercity dlq``: events that consumers gave up, looked at and sent again."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from gateway.cli.calling import AsJson, call, operator, show
from gateway.cli.operator import Refused

dlq = typer.Typer(no_args_is_help=True, help="Look at and replay events that consumers gave up.")

_PATH = "/events/v1/dead-letters"
_Id = Annotated[str, typer.Argument(help="As `dlq list` shows it.")]


@dlq.command("list", epilog="Example: supercity dlq list --group evacuation")
def list_letters(
    group: Annotated[
        str, typer.Option(help="Of the group with this name, or webhook with this id, only.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """All that is kept (30 days), oldest first."""
    found = [one for one in _all() if group in ("", one["group"])]
    lines = [
        f"{one['id']}  {one['time']}  {one['client']}/{one['group']}  {one['type']}"
        f"  {one.get('reason', '(about a person)')}"
        for one in found
    ]
    show(found, as_json, "\n".join(lines) or "No consumer has given up an event.")


def _all() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = call("GET", f"{_PATH}?{urlencode({'after': cursor, 'limit': 500})}")
        found += page["deadLetters"]
        if len(page["deadLetters"]) < 500:
            return found
        cursor = page["cursor"]


@dlq.command("show", epilog="Example: supercity dlq show 5d0c… --json")
def show_letter(letter_id: _Id, as_json: AsJson = False) -> None:
    """One of them, with its event."""
    letter = call("GET", f"{_PATH}/{quote(letter_id, safe='')}")
    if as_json:
        typer.echo(json.dumps(letter, ensure_ascii=False, indent=2))
        return
    event = letter.pop("event", None)
    lines = [f"{name:9} {value}" for name, value in letter.items()]
    typer.echo("\n".join([*lines, json.dumps(event, ensure_ascii=False, indent=2)]))


@dlq.command(
    "replay",
    epilog="Example: supercity dlq list --json | jq -r '.[].id' | xargs supercity dlq replay",
)
def replay_letter(
    letter_ids: Annotated[list[str], typer.Argument(help="One or more.")], as_json: AsJson = False
) -> None:
    """Send events again to the group that gave them up, or the webhook that never took them."""
    replayed: list[str] = []
    with operator() as city:
        for letter_id in letter_ids:
            try:
                city.call("POST", f"{_PATH}/{quote(letter_id, safe='')}/replay")
            except Refused as refused:
                done = f"\nThose before it are on their way: {len(replayed)}." if replayed else ""
                raise Refused(f"{letter_id}: {refused}{done}", refused.status) from refused
            replayed.append(letter_id)
    text = "\n".join(f"{one} is on its way again." for one in replayed)
    show({"replayed": replayed}, as_json, text)
