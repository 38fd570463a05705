"""``supercity keys``: the keys that sign tokens."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.calling import AsJson, call, show

keys = typer.Typer(no_args_is_help=True, help="Look at and rotate the keys that sign tokens.")


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """The published keys."""
    found = call("GET", "/control/v1/keys")
    lines = [f"{one['kid']}  {one['alg']}  signs from {one['signsFrom']}" for one in found]
    show(found, as_json, "\n".join(lines))


@keys.command("rotate")
def rotate_keys(
    immediately: Annotated[
        bool, typer.Option(help="The key is believed stolen: void every token now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new signing key; good tokens stay good unless --immediately."""
    made = call("POST", "/control/v1/keys/rotate", {"immediately": immediately})
    show(made, as_json, f"The new key is {made['kid']}.")
