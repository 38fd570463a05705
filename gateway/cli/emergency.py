"""The operators' commands ``supercity emergency on|off|status``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from gateway.cli import complete
from gateway.cli.calling import AsJson, call, show

emergency = typer.Typer(
    no_args_is_help=True, help="Put the city's gateway into emergency mode, and out of it."
)

_PATH = "/control/v1/emergency"


def _show(found: dict[str, Any], as_json: bool) -> None:
    text = (
        f"Emergency {found['id']}, {found['level']}, since {found['since']} until {found['until']}:"
        f" {found['reason']}"
    )
    show(found, as_json, text)


@emergency.command(
    "on", epilog='Example: supercity emergency on "Flood, east bank" --level severe --hours 6'
)
def declare(
    reason: Annotated[str, typer.Argument(help="Recorded; clients are not told.")],
    hours: Annotated[float, typer.Option(help="It ends by itself then; 72 at most.")] = 6.0,
    level: Annotated[
        str, typer.Option(help="elevated, severe or critical.", autocompletion=complete.levels)
    ] = "elevated",
    as_json: AsJson = False,
) -> None:
    """Declare an emergency, in place of the one in force."""
    until = datetime.now(UTC) + timedelta(hours=hours)
    body = {"reason": reason, "until": until.isoformat(timespec="seconds"), "level": level}
    _show(call("POST", _PATH, body), as_json)


@emergency.command("off", epilog="Example: supercity emergency off")
def end(as_json: AsJson = False) -> None:
    """End the emergency in force, and every disclosure that it allowed."""
    call("DELETE", _PATH)
    show({"over": True}, as_json, "The emergency is over.")


@emergency.command("status", epilog="Example: supercity emergency status --json")
def status(as_json: AsJson = False) -> None:
    """The emergency in force."""
    _show(call("GET", _PATH), as_json)
