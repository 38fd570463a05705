"""The auditors' commands ``supercity audit list|checkpoint|verify``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from gateway.cli_call import AsJson, call, operator, show
from gateway.control.audit.checkpoint import BadCheckpoint, Checkpoint, Verifier
from gateway.control.audit.verify import Entry, Tampered, verify
from gateway.operator_client import Operator, Refused

audit = typer.Typer(no_args_is_help=True, help="Read the audit log, and prove that it is whole.")

_PAGE = 1000


@audit.command("list")
def list_events(
    client: Annotated[str, typer.Option(help="Only what this client did.")] = "",
    action: Annotated[str, typer.Option(help="Only this action, such as client.suspend.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=_PAGE)] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest events."""
    query = urlencode({"client": client, "action": action, "limit": limit})
    found = call("GET", f"/audit/v1/events?{query}")
    if found or as_json:
        show(found, as_json, "\n".join(map(_line, found)))


def _line(event: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(event["at"] / 1000, UTC)
    what = f"{event['action']:20}{event['client']:28}{event['target']}"
    return f"{event['number']:>8}  {at:%Y-%m-%d %H:%M:%S}Z  {what}"


@audit.command("checkpoint")
def checkpoint() -> None:
    """The newest checkpoint: keep it elsewhere, and give it to `verify` later."""
    with operator() as one:
        typer.echo(one.text("/audit/v1/checkpoint"), nl=False)


@audit.command("verify")
def verify_log(
    kept: Annotated[
        Path | None, typer.Option("--checkpoint", help="A file with a checkpoint kept from before.")
    ] = None,
    key: Annotated[
        str, typer.Option(help="The log's key, kept from before; asked of the log when left out.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Read the whole log and prove that nothing in it was changed, cut or put elsewhere."""
    with operator() as city:
        verifier = _verifier(key or city.text("/audit/v1/key"))
        before = _read_kept(kept, verifier)
        newest = city.text("/audit/v1/checkpoint")
        total = _size_of(newest)
        with typer.progressbar(length=total, label="Verifying", file=sys.stderr) as bar:
            try:
                good = verify(
                    _entries(city), _notes(city), verifier, kept=before, progress=bar.update
                )
            except Tampered as where:
                raise Refused(_told(where, as_json)) from None
    root = good.root.hex()
    found = {"whole": True, "size": good.size, "checkpoints": good.checkpoints, "root": root}
    text = f"The log is whole: {good.size} events under {good.checkpoints} checkpoints."
    show(found, as_json, f"{text}\nroot {root}")


def _verifier(text: str) -> Verifier:
    try:
        return Verifier.parse(text)
    except BadCheckpoint as error:
        raise Refused(f"{error}: give --key as GET /audit/v1/key prints it.") from error


def _read_kept(path: Path | None, verifier: Verifier) -> Checkpoint | None:
    if path is None:
        return None
    try:
        return verifier.read(path.read_text())
    except (OSError, BadCheckpoint) as error:
        raise Refused(f"{path}: {error}") from error


def _size_of(note: str) -> int:
    """Only for the progress bar: what counts is verified."""
    lines = note.split("\n", 2)
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else 0


def _entries(city: Operator) -> Iterator[Entry]:
    start = 0
    while page := city.call("GET", f"/audit/v1/entries?start={start}&limit={_PAGE}"):
        for one in page:
            yield Entry(one["number"], one["entry"], bytes.fromhex(one["leaf"]))
        start = page[-1]["number"] + 1


def _notes(city: Operator) -> Iterator[str]:
    after = 0
    while page := city.call("GET", f"/audit/v1/checkpoints?after={after}&limit={_PAGE}"):
        for one in page:
            yield one["note"]
        after = page[-1]["size"]


def _told(found: Tampered, as_json: bool) -> str:
    if as_json:
        return json.dumps({"whole": False, "event": found.number, "what": found.what})
    return f"The log is NOT whole. From event {found.number} on: {found.what}."
