"""``supercity keys``: the keys that sign tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.cli.calling import AsJson, call, confirm, show
from gateway.cli.screen import columns

keys = typer.Typer(no_args_is_help=True, help="Look at and rotate the keys that sign tokens.")


@keys.command("list", epilog="Example: supercity keys list --json")
def list_keys(as_json: AsJson = False) -> None:
    """The published keys."""
    found = call("GET", "/control/v1/keys")
    rows = [
        (
            one["kid"],
            one["alg"],
            f"signs from {_day(one['signsFrom'])}",
            f"published until {_day(one['retires'])}" if one["retires"] else "",
        )
        for one in found
    ]
    show(found, as_json, columns(rows))


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}Z"


@keys.command("rotate", epilog="Example: supercity keys rotate")
def rotate_keys(
    immediately: Annotated[
        bool, typer.Option(help="The key is believed stolen: void every token now.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new signing key; good tokens stay good unless --immediately."""
    if immediately:
        confirm("Void every token of every client and resident now?", yes)
    made = call("POST", "/control/v1/keys/rotate", {"immediately": immediately})
    show(made, as_json, f"The new key is {made['kid']}.")
