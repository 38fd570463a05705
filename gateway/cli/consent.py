"""``supercity consent``: how many consents there are and who is told of their ends; never whose.

A resident's own consents are for the app that they were given to: with a token of theirs a
developer sees and ends them, as in a test with a synthetic resident.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

import httpx
import typer

from gateway.cli import complete
from gateway.cli.calling import AsJson, call, show
from gateway.cli.operator import Operator, Refused, city_of
from gateway.cli.screen import columns
from gateway.settings import Settings

consent = typer.Typer(no_args_is_help=True, help="Count consents, and see that ends are told.")

_OWN: Final = "/residents/v1/me/consents"
TOKEN: Final = "SUPERCITY_RESIDENT_TOKEN"  # noqa: S105 - the name of a variable
ClientId = Annotated[str, typer.Argument(autocompletion=complete.clients)]
_Token = Annotated[
    str, typer.Option(envvar=TOKEN, help="Access token with consents:read of the resident's app.")
]


@consent.command("list", epilog="Example: supercity consent list --client clinic --json")
def list_counts(
    client: Annotated[
        str, typer.Option(help="Only to this one.", autocompletion=complete.clients)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """How many consents there are, by client, data set and purpose."""
    found = [one for one in call("GET", "/control/v1/consents") if client in ("", one["client"])]
    names = ("client", "dataset", "purpose", "given", "withdrawn", "expired")
    rows = [names, *([one[name] for name in names] for one in found)]
    show(found, as_json, columns(rows) if found else "No resident has agreed to anything yet.")


@consent.command("notices", epilog="Example: supercity consent notices --client clinic")
def list_notices(
    client: Annotated[
        str, typer.Option(help="Only of this one.", autocompletion=complete.clients)
    ] = "",
    acknowledged: Annotated[bool, typer.Option("--acknowledged", help="Those that were.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ends that clients have not said they know of; without whose they are."""
    query = urlencode({"client": client, "acknowledged": str(acknowledged).lower(), "limit": 500})
    found = call("GET", f"/control/v1/consent-notices?{query}")
    rows = [
        (one["message"], one["client"], one["reason"], one["ended"], _news(one)) for one in found
    ]
    show(found, as_json, columns(rows) or "Every end that was to be told is acknowledged.")


def _news(notice: dict[str, Any]) -> str:
    if notice["acknowledged"]:
        return f"acknowledged {notice['acknowledged']}"
    state = "tried again" if notice["waiting"] else "given up"
    return f"{notice['tries']} tries, {state}: {notice['error'] or 'not tried yet'}"


@consent.command("again", epilog="Example: supercity consent again clinic")
def tell_again(client_id: ClientId, as_json: AsJson = False) -> None:
    """Tell a client again, at once, of every end that it has not acknowledged."""
    path = f"/control/v1/clients/{quote(client_id, safe='')}/consent-notices"
    found = call("POST", path)
    show(found, as_json, f"{client_id} is being told again of {found['notices']} ends.")


@consent.command("address", epilog="Example: supercity consent address clinic https://c.example/x")
def set_address(
    client_id: ClientId,
    url: Annotated[str, typer.Argument(help="Called by POST; empty to tell it no more.")],
    as_json: AsJson = False,
) -> None:
    """Say where a client is told of ends; prints the secret of the signatures, this once."""
    path = f"/control/v1/clients/{quote(client_id, safe='')}/consent-notices"
    if not url:
        call("DELETE", path)
        show({"client": client_id, "uri": ""}, as_json, f"{client_id} is told no more.")
        return
    made = call("PUT", path, {"uri": url})
    text = f"{client_id} is told at {url}\nsecret  {made['secret']}"
    show({"client": client_id, **made}, as_json, text)


@consent.command("mine", epilog=f"Example: {TOKEN}=… supercity consent mine --json")
def list_own(token: _Token, as_json: AsJson = False) -> None:
    """What the resident behind a token has agreed to with its app; for trying an app out."""
    with _resident(token) as city:
        found = city.call("GET", _OWN)
    rows = [
        (one["consentId"], one["state"], one["dataset"], one["purpose"], f"until {one['until']}")
        for one in found
    ]
    show(found, as_json, columns(rows) or "Nothing.")


@consent.command("withdraw", epilog=f"Example: {TOKEN}=… supercity consent withdraw 7e1f…")
def withdraw(
    consent_id: Annotated[str, typer.Argument(help="As `consent mine` shows it.")],
    token: _Token,
    as_json: AsJson = False,
) -> None:
    """End a consent of the resident behind a token (scope consents:withdraw)."""
    with _resident(token) as city:
        city.call("DELETE", f"{_OWN}/{quote(consent_id, safe='')}")
    show({"ended": consent_id}, as_json, f"{consent_id} has ended; the gateway refuses it now.")


def _resident(token: str) -> Operator:
    if not token:
        raise Refused(f"Give the resident's access token: --token, or the variable {TOKEN}.")
    url = city_of(Settings.from_environ(os.environ))
    return Operator(httpx.Client(base_url=url, timeout=15.0), "", "", token)
