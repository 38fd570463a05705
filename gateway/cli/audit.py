"""The auditors' commands ``supercity audit list|checkpoint|verify``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import typer

from gateway.cli.calling import AsJson, call, operator, show
from gateway.cli.screen import progress

audit = typer.Typer(no_args_is_help=True, help="Read the audit log, and prove that it is whole.")

_MOST: Final = 1000


@audit.command("list", epilog="Example: supercity audit list --action client.suspend --json")
def list_events(
    client: Annotated[str, typer.Option(help="Only what this client did.")] = "",
    action: Annotated[str, typer.Option(help="Only this action, such as client.suspend.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=_MOST)] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest events."""
    query = urlencode({"client": client, "action": action, "limit": limit})
    found = call("GET", f"/audit/v1/events?{query}")
    show(found, as_json, "\n".join(map(_line, found)) or "There is no such event.")


def _line(event: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(event["at"] / 1000, UTC)
    what = f"{event['action']:20}{event['client']:28}{event['target']}"
    return f"{event['number']:>8}  {at:%Y-%m-%d %H:%M:%S}Z  {what}"


@audit.command("checkpoint", epilog="Example: supercity audit checkpoint > kept.txt")
def checkpoint(as_json: AsJson = False) -> None:
    """The newest checkpoint: keep it elsewhere, and give it to `verify` later."""
    with operator() as one:
        note = one.text("/audit/v1/checkpoint")
    show({"checkpoint": note}, as_json, note.removesuffix("\n"))


@audit.command("verify", epilog="Example: supercity audit verify --checkpoint kept.txt")
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
    from gateway.cli.audit_proof import prove  # what it needs is slow to load
    from gateway.control.audit.tampered import Tampered

    try:
        with operator() as city:
            good = prove(city, kept, key, progress)
    except Tampered as where:
        told = {"whole": False, "event": where.number, "what": where.what}
        show(told, as_json, f"The log is NOT whole. From event {where.number} on: {where.what}.")
        raise typer.Exit(1) from None
    root = good.root.hex()
    found = {"whole": True, "size": good.size, "checkpoints": good.checkpoints, "root": root}
    found["erased"] = good.erased
    text = f"The log is whole: {good.size} events under {good.checkpoints} checkpoints."
    if good.erased:
        text += f" {good.erased} of them are of residents whose data was erased."
    show(found, as_json, f"{text}\nroot {root}")
