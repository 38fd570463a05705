"""``supercity gateways``: the workers of the data plane, and replacing one without a refusal."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from gateway.cli import complete
from gateway.cli.calling import AsJson, call, show
from gateway.cli.screen import columns

gateways = typer.Typer(no_args_is_help=True, help="Look at the gateway's workers, drain one.")

_PATH = "/control/v1/gateways"


@gateways.command("list", epilog="Example: supercity gateways list")
def list_gateways(as_json: AsJson = False) -> None:
    """Gateways and their workers, as they tell of themselves."""
    found = call("GET", _PATH)
    rows = [
        (
            one["worker"],
            gateway["gateway"],
            "draining" if one["draining"] or one["drainAsked"] else "serving",
            "newest policy" if one["current"] else "older policy",
            f"{one['underWay']} under way",
            f"up {one['uptime']} s",
        )
        for gateway in found
        for one in gateway["workers"]
    ]
    show(found, as_json, columns(rows) or "No worker has told of itself.")


@gateways.command("drain", epilog="Example: supercity gateways drain 4f1c…")
def drain(
    worker: Annotated[
        str, typer.Argument(help="As `gateways list` shows it.", autocompletion=complete.workers)
    ],
    as_json: AsJson = False,
) -> None:
    """Have a worker replaced; its successor is ready before it stops to accept."""
    found = call("POST", f"{_PATH}/{quote(worker, safe='')}/drain")
    show(found, as_json, f"{worker} drains; what is under way is finished.")
