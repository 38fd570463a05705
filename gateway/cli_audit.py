"""The auditors' commands ``supercity audit list|checkpoint|verify``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from gateway.cli_call import AsJson, call, operator, show
from gateway.control.audit.checkpoint import BadCheckpoint, Checkpoint, Verifier
from gateway.control.audit.recount import Recount
from gateway.control.audit.tampered import Tampered
from gateway.control.audit.uses import Use, day_of
from gateway.control.audit.verify import Entry, verify
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
        counts = _counts(city)  # before the size is asked for: they may not know of more
        newest = city.text("/audit/v1/checkpoint")
        total = _size_of(newest)
        with typer.progressbar(length=total, label="Verifying", file=sys.stderr) as bar:
            try:
                good = verify(
                    _entries(city, total), _notes(city, total), verifier,
                    kept=before, recount=counts, progress=bar.update,
                )  # fmt: skip
            except Tampered as where:
                raise Refused(_told(where, as_json)) from None
    root = good.root.hex()
    found = {"whole": True, "size": good.size, "checkpoints": good.checkpoints, "root": root}
    found["erased"] = good.erased
    text = f"The log is whole: {good.size} events under {good.checkpoints} checkpoints."
    if good.erased:
        text += f" {good.erased} of them are of residents whose data was erased."
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


def _entries(city: Operator, total: int) -> Iterator[Entry]:
    """Those that were there when it began: the log goes on while it is read."""
    start = 0
    while start < total and (page := _page(city, start, min(_PAGE, total - start))):
        yield from page
        start = page[-1].number + 1
    # what came since is under a newer checkpoint; what is not was never signed
    more = _page(city, start, 1)
    if more and _size_of(city.text("/audit/v1/checkpoint")) <= total:
        yield from more


def _page(city: Operator, start: int, limit: int) -> list[Entry]:
    found = city.call("GET", f"/audit/v1/entries?start={start}&limit={limit}")
    return [
        Entry(
            one["number"], one["entry"], bytes.fromhex(one["leaf"]), one["subject"], one["opened"]
        )
        for one in found
    ]


def _notes(city: Operator, total: int) -> Iterator[str]:
    after = 0
    while after < total and (
        page := city.call("GET", f"/audit/v1/checkpoints?after={after}&limit={_PAGE}")
    ):
        for one in page:
            if one["size"] <= total:
                yield one["note"]
        after = page[-1]["size"]


def _counts(city: Operator) -> Recount:
    """What is told of each month in which there were events."""
    first = city.call("GET", "/audit/v1/entries?start=0&limit=1")
    months = {}
    if first:
        at = json.loads(first[0]["entry"])["at"]
        for month in _months(day_of(at), day_of(int(time.time() * 1000))):
            told = city.call("GET", f"/audit/v1/uses?month={month}")
            uses = {Use(*map(one.get, Use._fields)): one["count"] for one in told["uses"]}
            months[month] = (told["size"], uses)
    return Recount(months.items())


def _months(first: str, last: str) -> Iterator[str]:
    """Of two days, and between them."""
    year, month = int(first[:4]), int(first[5:7])
    while (found := f"{year:04d}-{month:02d}") <= last[:7]:
        yield found
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _told(found: Tampered, as_json: bool) -> str:
    if as_json:
        return json.dumps({"whole": False, "event": found.number, "what": found.what})
    return f"The log is NOT whole. From event {found.number} on: {found.what}."
