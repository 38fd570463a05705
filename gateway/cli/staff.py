"""The commands ``supercity login`` and ``supercity staff …``."""

from __future__ import annotations

import os
import time
from typing import Annotated, Any, Final
from urllib.parse import quote

import httpx
import typer

from gateway.cli import complete
from gateway.cli.calling import AsJson, call, show
from gateway.cli.operator import Refused, Session, city_of, explain, send
from gateway.settings import Settings

staff = typer.Typer(no_args_is_help=True, help="The people who run the city.")

CLIENT: Final = "supercity-cli"
"""The public client that the command line is to the authorization server."""
_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_PATH: Final = "/control/v1/staff"


def login(as_json: AsJson = False) -> None:
    """Sign in as staff: opens nothing, shows an address and a code for a browser.

    The address is told on standard error, so that a script's user can open it too.
    """
    settings = Settings.from_environ(os.environ)
    with httpx.Client(base_url=city_of(settings), timeout=15.0) as http:
        begun = _post(http, "/oauth/device_authorization", client_id=CLIENT)
        typer.echo(f"Open {begun['verification_uri_complete']}", err=True)
        typer.echo(f"and check that it shows the code {begun['user_code']}.", err=True)
        token = _wait(http, begun)
    path = Session.save(settings.data_dir, token["access_token"], int(token["expires_in"]))
    told = {"expiresIn": int(token["expires_in"]), "scope": token["scope"], "file": str(path)}
    text = f"Signed in for {token['expires_in'] // 60} minutes, kept in {path}."
    show(told, as_json, f"{text}\nYou may: {token['scope']}")


def logout(as_json: AsJson = False) -> None:
    """Forget who signed in."""
    Session.forget(Settings.from_environ(os.environ).data_dir)
    show({"signedOut": True}, as_json, "Signed out.")


def _wait(http: httpx.Client, begun: dict[str, Any]) -> dict[str, Any]:
    """Ask as often as allowed until the person has decided (RFC 8628 §3.5)."""
    pause = int(begun["interval"])
    form = {"grant_type": _GRANT, "client_id": CLIENT, "device_code": begun["device_code"]}
    while True:
        time.sleep(pause)  # the interval that the server asks for
        answer = send(http, "POST", "/oauth/token", data=form)
        if answer.is_success:
            found: dict[str, Any] = answer.json()
            return found
        error = answer.json().get("error")
        if error == "slow_down":
            pause += 5
        elif error == "access_denied":
            raise Refused("It was not allowed, or your roles allow nothing of it.")
        elif error == "expired_token":
            raise Refused("The code has expired: run `supercity login` again.")
        elif error != "authorization_pending":
            raise Refused(explain(answer))


def _post(http: httpx.Client, path: str, **form: str) -> dict[str, Any]:
    answer = send(http, "POST", path, data=form)
    if answer.is_error:
        raise Refused(explain(answer))
    found: dict[str, Any] = answer.json()
    return found


@staff.command("invite", epilog="Example: supercity staff invite sato --role operator")
def invite(
    username: str,
    role: Annotated[
        list[str],
        typer.Option(
            help="operator, auditor, data-holder, developer; repeat it.",
            autocompletion=complete.roles,
        ),
    ],
    name: Annotated[str, typer.Option(help="As others see it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Invite somebody; prints the address at which they set password and authenticator."""
    body = {"username": username, "name": name, "roles": role}
    found = call("POST", _PATH, body)
    show(found, as_json, f"{found['staffId']}: good for three days, once:\n{found['invitation']}")


@staff.command("list", epilog="Example: supercity staff list")
def list_staff(as_json: AsJson = False) -> None:
    """All staff accounts."""
    found = call("GET", _PATH)
    lines = [
        f"{one['staffId']}  {one['username']:<20} {', '.join(one['roles'])}"
        + ("" if one["enrolled"] else "  (invited)")
        + ("  (suspended)" if one["suspended"] else "")
        for one in found
    ]
    show(found, as_json, "\n".join(lines) or "Nobody yet: supercity staff invite NAME --role …")


@staff.command("reset", epilog="Example: supercity staff reset s-b14c…")
def reset(
    staff_id: Annotated[str, typer.Argument(autocompletion=complete.staff)], as_json: AsJson = False
) -> None:
    """For who has lost password or phone: a new invitation; what they had is void."""
    found = call("POST", f"{_PATH}/{quote(staff_id, safe='')}/invitation")
    show(found, as_json, found["invitation"])


@staff.command("suspend", epilog="Example: supercity staff suspend s-b14c… --end")
def suspend(
    staff_id: Annotated[str, typer.Argument(autocompletion=complete.staff)],
    end: Annotated[bool, typer.Option("--end", help="End the suspension.")] = False,
    as_json: AsJson = False,
) -> None:
    """Suspend somebody; what they have running ends at once."""
    found = call("PATCH", f"{_PATH}/{quote(staff_id, safe='')}", {"suspended": not end})
    text = f"{found['username']} may work again." if end else f"{found['username']} is suspended."
    show(found, as_json, text)
