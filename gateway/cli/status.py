"""``supercity status``: is the city up and well?"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Annotated, Final

import typer

from gateway.cli.calling import AsJson, operator
from gateway.cli.health import Check, State, checks, is_well
from gateway.cli.screen import Colour, clear, columns, paint

_MARKS: Final[dict[State, tuple[str, Colour]]] = {
    "ok": ("✓", "green"),
    "watch": ("!", "yellow"),
    "bad": ("✗", "red"),
    "unknown": ("?", "blue"),
}


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Whether the city is up and well: gateways, APIs and their findings, what waits or fails.

    With --watch and --json, each look is one line.
    """
    if not watch:
        raise typer.Exit(0 if _look(as_json, one_line=False) else 1)
    with suppress(KeyboardInterrupt):
        while True:
            _look(as_json, one_line=True)
            time.sleep(every)


def _look(as_json: bool, *, one_line: bool) -> bool:
    """Whether all is well."""
    with operator() as city:
        found = checks(city)
    _show(found, as_json, one_line=one_line)
    return is_well(found)


def _show(found: list[Check], as_json: bool, *, one_line: bool) -> None:
    if as_json:
        told = {"well": is_well(found), "checks": [one.as_json() for one in found]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=None if one_line else 2))
        return
    if one_line:
        clear()
    rows = columns((_MARKS[one.state][0], one.name, one.text) for one in found).split("\n")
    for one, row in zip(found, rows, strict=True):
        mark, colour = _MARKS[one.state]
        typer.echo(paint(mark, colour) + row.removeprefix(mark))
        if one.fix:
            typer.echo(f"     → {one.fix}")
    typer.echo("The city is well." if is_well(found) else "The city is NOT well.")
