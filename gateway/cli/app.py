"""The commands put together, and what becomes of an error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Final

import typer

from gateway.cli import apis, processes, staff, status
from gateway.cli.audit import audit
from gateway.cli.cache import cache
from gateway.cli.clients import clients
from gateway.cli.consent import consent
from gateway.cli.dlq import dlq
from gateway.cli.emergency import emergency
from gateway.cli.gateways import gateways
from gateway.cli.keys import keys
from gateway.cli.operator import Refused
from gateway.cli.policy.commands import policy
from gateway.cli.residents import residents
from gateway.cli.sectors import sectors
from gateway.settings import SettingsError

HELP: Final = """\
The data-linkage platform of a Super City (データ連携基盤).

Start it with `supercity up`. The other commands speak to a running city as its operator: with the
credentials in .supercity/operator.json, or of who signed in by `supercity login`."""

EPILOG: Final = """\
Settings are SUPERCITY_* variables; SUPERCITY_GATEWAY_URL says which city is meant.
With --json a command prints one JSON document and nothing else.
Exit codes: 0 done, 1 refused or failed, 2 wrongly used, or differences found."""

_START: Final = "Start"
_OPERATE: Final = "Operate"
_PEOPLE: Final = "People and their data"
_PARTS: Final = "Parts, each by itself"


def _version(asked: bool) -> None:
    if not asked:
        return
    try:
        typer.echo(f"supercity {metadata.version('supercity')}")
    except metadata.PackageNotFoundError:
        typer.echo("supercity, run from its source without being installed")
    raise typer.Exit


app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help=HELP,
    epilog=EPILOG,
)


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it, and exit.")
    ] = False,
) -> None:
    """Of all commands."""


_COMMANDS: Final[tuple[tuple[str, Callable[..., None], str], ...]] = (
    (_START, processes.up, "supercity up --port-base 18000"),
    (_START, status.status, "supercity status --json | jq .well"),
    (_OPERATE, apis.attach, "supercity attach http://127.0.0.1:9100/openapi.json --name bikes"),
    (_OPERATE, apis.detach, "supercity detach bikes"),
    (_PEOPLE, staff.login, "supercity login"),
    (_PEOPLE, staff.logout, "supercity logout"),
    (_PARTS, processes.gateway, "SUPERCITY_CONTROL_URL=http://control:8001 supercity gateway"),
    (_PARTS, processes.control, "SUPERCITY_BOOTSTRAP=bootstrap.json supercity control"),
    (_PARTS, processes.broker, "supercity broker --port 9090"),
    (_PARTS, processes.connectors, "supercity connectors --only mobility"),
    (_PARTS, processes.services, "supercity services"),
)
_GROUPS: Final[tuple[tuple[str, str, typer.Typer], ...]] = (
    (_OPERATE, "clients", clients),
    (_OPERATE, "keys", keys),
    (_OPERATE, "policy", policy),
    (_OPERATE, "gateways", gateways),
    (_OPERATE, "cache", cache),
    (_OPERATE, "dlq", dlq),
    (_OPERATE, "emergency", emergency),
    (_PEOPLE, "staff", staff.staff),
    (_PEOPLE, "consent", consent),
    (_PEOPLE, "residents", residents),
    (_PEOPLE, "sectors", sectors),
    (_PEOPLE, "audit", audit),
)
for panel, command, example in _COMMANDS:
    app.command(rich_help_panel=panel, epilog=f"Example: {example}")(command)
for panel, name, group in _GROUPS:
    app.add_typer(group, name=name, rich_help_panel=panel)


def main() -> None:
    """Entry point: what is wrong is said in words, with how to mend it."""
    try:
        app()
    except (SettingsError, Refused, ValueError, FileNotFoundError) as error:
        print(f"supercity: {error}", file=sys.stderr)
        sys.exit(1)
