"""``supercity cache``: the answers that the gateway keeps."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli import complete
from gateway.cli.calling import AsJson, call, show
from gateway.cli.operator import Refused

cache = typer.Typer(no_args_is_help=True, help="The answers that the gateway keeps.")


@cache.command("purge", epilog="Example: supercity cache purge --dataset mobility-stops")
def purge_cache(
    route: Annotated[
        str,
        typer.Option(help="<api>.<operationId>, as in metrics.", autocompletion=complete.routes),
    ] = "",
    dataset: Annotated[
        str,
        typer.Option(
            help="A data set's id, as in the catalogue.", autocompletion=complete.datasets
        ),
    ] = "",
    everything: Annotated[bool, typer.Option("--all", help="Everything that is kept.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have every gateway forget the answers that it keeps: of a route, a data set, or all."""
    if sum((bool(route), bool(dataset), everything)) != 1:
        raise Refused("Say what is to be forgotten: --route, --dataset or --all, one of them.")
    named = {"route": route} if route else {"dataset": dataset} if dataset else {"all": True}
    purged = call("POST", "/control/v1/cache/purge", named)
    what = "everything" if everything else f"{'route' if route else 'data set'} {route or dataset}"
    show(purged, as_json, f"What is kept of {what} is forgotten by every worker within a second.")
