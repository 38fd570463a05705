"""The operators' commands ``supercity sectors …``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli import complete
from gateway.cli.calling import AsJson, call, show

sectors = typer.Typer(
    no_args_is_help=True, help="Domains that know residents, each by pseudonyms of its own."
)

_PATH = "/control/v1/sectors"


def _line(one: dict[str, Any]) -> str:
    stage = f"  (rotation: {one['stage']})" if one["stage"] else ""
    return f"{one['sector']:<20} key {one['epoch']}{stage}"


@sectors.command("list", epilog="Example: supercity sectors list")
def list_sectors(as_json: AsJson = False) -> None:
    """All of them, and how far a rotation has come."""
    found = call("GET", _PATH)
    show(found, as_json, "\n".join(_line(one) for one in found))


@sectors.command("rotate", epilog="Example: supercity sectors rotate medical")
def rotate(
    sector: Annotated[str, typer.Argument(autocompletion=complete.sectors)], as_json: AsJson = False
) -> None:
    """Give every resident a new pseudonym there; the domain goes on serving throughout."""
    found = call("POST", f"{_PATH}/{sector}/rotate")
    show(found, as_json, f"{_line(found)}\nFollow it with `supercity sectors list`.")
