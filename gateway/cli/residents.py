"""``supercity residents``: what the city's counter does for somebody who is there with papers."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.calling import AsJson, call, show

residents = typer.Typer(
    no_args_is_help=True,
    help="Help residents at the counter. Sign in first: it needs a second factor.",
)

_PATH = "/control/v1/residents"
Username = Annotated[str, typer.Argument(help="The resident's user name.")]


@residents.command("recovery", epilog="Example: supercity residents recovery hana")
def recovery(username: Username, as_json: AsJson = False) -> None:
    """A recovery code for a resident whose papers were seen; for their own hands."""
    made = call("POST", f"{_PATH}/recovery", {"username": username})
    text = f"{made['code']}\nGood once, for {made['expiresIn'] // 60} minutes."
    show(made, as_json, text)


@residents.command("proofing", epilog="Example: supercity residents proofing hana 2")
def proofing(
    username: Username,
    level: Annotated[int, typer.Argument(min=1, max=3, help="NIST SP 800-63A level.")],
    as_json: AsJson = False,
) -> None:
    """Say how well a resident's identity has been proved."""
    call("POST", f"{_PATH}/proofing", {"username": username, "level": level})
    told = {"username": username, "level": level}
    show(told, as_json, f"{username} is proved to level {level}.")
