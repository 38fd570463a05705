"""``supercity residents``: what the city's counter does for somebody who is there with papers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.calling import AsJson, call, show
from gateway.cli.operator import Refused

residents = typer.Typer(
    no_args_is_help=True,
    help="Help residents at the counter. Sign in first: it needs a second factor.",
)

_PATH = "/control/v1/residents"
Username = Annotated[str, typer.Argument(help="The resident's user name.")]


@residents.command(
    "add", epilog="Example: supercity residents add test-1 --synthetic --link medical=patient-9"
)
def add(
    username: Annotated[str, typer.Argument(help="What they sign in with.")],
    name: Annotated[str, typer.Option(help="The user name when left out.")] = "",
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Nobody real: for developers' sandboxes.")
    ] = False,
    link: Annotated[
        list[str] | None,
        typer.Option(help="<domain>=<the id by which its holder knows them>; repeat it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an account; the code is what its owner sets a password with, at /my/recover."""
    odd = [one for one in link or () if not all(one.partition("="))]
    if odd:
        raise Refused(f"--link {odd[0]!r}: write it like medical=patient-9.")
    body = {
        "username": username,
        "name": name,
        "synthetic": synthetic,
        "links": dict(one.split("=", 1) for one in link or ()),
    }
    _show_code(call("POST", _PATH, body), as_json)


def _show_code(made: dict[str, Any], as_json: bool) -> None:
    text = f"{made['code']}\nGood once, for {made['expiresIn'] // 60} minutes."
    show(made, as_json, text)


@residents.command("recovery", epilog="Example: supercity residents recovery hana")
def recovery(username: Username, as_json: AsJson = False) -> None:
    """A recovery code for a resident whose papers were seen; for their own hands."""
    _show_code(call("POST", f"{_PATH}/recovery", {"username": username}), as_json)


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
