"""What the commands share: calling the running city, and answering with text or JSON."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import typer

from gateway.cli.operator import Operator
from gateway.settings import Settings

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document for another program.")
]


def operator() -> Operator:
    """The open API, as who signed in or with the credentials of the environment."""
    return Operator.from_settings(Settings.from_environ(os.environ))


def call(method: str, path: str, body: Any = None) -> Any:
    """One call; the JSON of its answer."""
    with operator() as one:
        return one.call(method, path, body)


def show(value: Any, as_json: bool, text: str) -> None:
    """Print ``value`` as JSON, or else ``text``."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2) if as_json else text)


def confirm(question: str, yes: bool) -> None:
    """Go on only with a yes; it is asked on standard error, as what is printed is for others."""
    if not yes:
        typer.confirm(question, abort=True, err=True)
