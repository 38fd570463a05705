"""``supercity clients``: register, approve, change, suspend and end clients."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.cli import complete
from gateway.cli.calling import AsJson, call, confirm, show
from gateway.cli.operator import Refused
from gateway.cli.screen import columns

clients = typer.Typer(no_args_is_help=True, help="Register, approve, change and end clients.")

ClientId = Annotated[
    str, typer.Argument(help="As `clients list` shows it.", autocompletion=complete.clients)
]
Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help="A scope; repeat it.", autocompletion=complete.scopes),
]
_CLASS = typer.Option(help="partner, service, data-holder, …", autocompletion=complete.classes)
_PATH = "/control/v1/clients"


def _of(client_id: str) -> str:
    return f"{_PATH}/{quote(client_id, safe='')}"


@clients.command("list", epilog="Example: supercity clients list --state pending --json")
def list_clients(
    state: Annotated[
        str, typer.Option(help="Only these: active, pending, changes, suspended, …")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """All registered clients."""
    found = [one for one in call("GET", _PATH) if state in ("", _state(one))]
    rows = [
        (
            one["client_id"],
            one["client_class"],
            _state(one),
            _count(one["scope"]),
            one["client_name"],
        )
        for one in found
    ]
    show(found, as_json, columns(rows) or "None.")


def _count(scope: str) -> str:
    count = len(scope.split())
    return f"{count} scope{'' if count == 1 else 's'}"


def _state(client: dict[str, Any]) -> str:
    if client["suspended"]:
        return "suspended"
    return "changes" if client.get("proposed") else str(client["state"])


@clients.command("show", epilog="Example: supercity clients show sample-app")
def show_client(client_id: ClientId, as_json: AsJson = False) -> None:
    """One client: what it is, what it may, and what it proposes to be."""
    found = _find(client_id)
    shown = {"state": _state(found), **{n: v for n, v in found.items() if v not in (None, "", [])}}
    show(found, as_json, columns((name, _plain(value)) for name, value in shown.items()))


def _find(client_id: str) -> dict[str, Any]:
    for one in call("GET", _PATH):
        if one["client_id"] == client_id:
            found: dict[str, Any] = one
            return found
    raise Refused(f"There is no client {client_id!r}: see `supercity clients list`.", 404)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return (
        {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


@clients.command("add", epilog='Example: supercity clients add "City maps" --scope mobility:read')
def create_client(
    name: Annotated[str, typer.Argument(help="Shown to residents.")],
    scope: Scopes = None,
    client_id: Annotated[
        str, typer.Option("--id", help="Its name from now on; a random one when left out.")
    ] = "",
    client_class: Annotated[str, _CLASS] = "partner",
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="For residents' sign-in; repeat it.")
    ] = None,
    acts: Annotated[
        bool, typer.Option("--acts", help="It may act for residents who name it (RFC 8693).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Register a client; its secret is shown this once."""
    coded = ["authorization_code", "refresh_token"] if redirect_uri else []
    acting = ["urn:ietf:params:oauth:grant-type:token-exchange"] if acts else []
    body = {
        "client_name": name,
        "scope": " ".join(scope or []),
        "client_class": client_class,
        "grant_types": [*(coded or ["client_credentials"]), *acting],
        "redirect_uris": redirect_uri or [],
        "client_id": client_id,
    }
    _show_secret(call("POST", _PATH, body), as_json)


def _show_secret(made: dict[str, Any], as_json: bool) -> None:
    text = f"client_id      {made['client_id']}\nclient_secret  {made.get('client_secret', '')}"
    show(made, as_json, text)


@clients.command(
    "grant", epilog="Example: supercity clients grant maps mobility:read disaster:read"
)
def grant_scopes(
    client_id: ClientId,
    scope: Annotated[list[str], typer.Argument(autocompletion=complete.scopes)],
    as_json: AsJson = False,
) -> None:
    """Let a client ask for exactly these scopes from now on."""
    changed = call("PATCH", _of(client_id), {"scope": " ".join(scope)})
    show(changed, as_json, f"{client_id} may ask for: {changed['scope']}")


@clients.command("quota", epilog="Example: supercity clients quota maps 10000")
def set_quota(
    client_id: ClientId,
    requests: Annotated[int, typer.Argument(min=0, help="A day, over all routes; 0 for any.")],
    as_json: AsJson = False,
) -> None:
    """Let a client make so many requests a day from now on."""
    changed = call("PATCH", _of(client_id), {"quota": requests})
    said = f"{requests} requests a day" if requests else "any number of requests a day"
    show(changed, as_json, f"{client_id} may make {said}.")


@clients.command("approve", epilog="Example: supercity clients approve 1f0c… --scope mobility:read")
def approve_client(
    client_id: ClientId,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="Of those asked for; all when left out; repeat it.",
            autocompletion=complete.scopes,
        ),
    ] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Of those asked for; all when left out; repeat it.")
    ] = None,
    client_class: Annotated[str, _CLASS] = "",
    as_json: AsJson = False,
) -> None:
    """Accept a client that registered itself, or the changes that it asks for."""
    body = {
        "scope": " ".join(scope) if scope else None,
        "purposes": purpose or None,
        "client_class": client_class or None,
    }
    changed = call("POST", f"{_of(client_id)}/approve", body)
    show(changed, as_json, f"{client_id} is approved and may ask for: {changed['scope']}")


@clients.command("refuse", epilog='Example: supercity clients refuse 1f0c… "nobody knows them"')
def refuse_client(
    client_id: ClientId,
    reason: Annotated[str, typer.Argument(help="For the audit log.")],
    as_json: AsJson = False,
) -> None:
    """Refuse a client that registered itself, or the changes that it asks for."""
    changed = call("POST", f"{_of(client_id)}/refuse", {"reason": reason})
    what = "is refused" if changed["state"] == "refused" else "stays as it was"
    show(changed, as_json, f"{client_id} {what}.")


@clients.command("suspend", epilog="Example: supercity clients suspend maps")
def suspend_client(client_id: ClientId, as_json: AsJson = False) -> None:
    """Refuse a client from now on, and void its tokens."""
    changed = call("POST", f"{_of(client_id)}/suspend")
    show(changed, as_json, f"{client_id} is suspended; its tokens are void.")


@clients.command("resume", epilog="Example: supercity clients resume maps")
def resume_client(client_id: ClientId, as_json: AsJson = False) -> None:
    """Accept a suspended client again."""
    changed = call("POST", f"{_of(client_id)}/resume")
    show(changed, as_json, f"{client_id} is active.")


@clients.command(
    "rotate",
    epilog="To end its tokens too, suspend and resume it. Example: supercity clients rotate maps",
)
def rotate_secret(client_id: ClientId, as_json: AsJson = False) -> None:
    """Give a client another secret, shown this once; the old one is void at once."""
    _show_secret(call("POST", f"{_of(client_id)}/secret"), as_json)


@clients.command("remove", epilog="Example: supercity clients remove maps --yes")
def remove_client(
    client_id: ClientId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """End a client for good: its tokens are void, what residents agreed to with it ends."""
    confirm(f"End {client_id} and every consent to it? It cannot be brought back.", yes)
    call("DELETE", _of(client_id))
    show({"removed": client_id}, as_json, f"{client_id} is gone.")


@clients.command("usage", epilog="Example: supercity clients usage maps --step 1h --json")
def usage(
    client_id: ClientId,
    step: Annotated[str, typer.Option(help="Of the points in --json: 1m, 5m, 1h, 1d.")] = "",
    as_json: AsJson = False,
) -> None:
    """How a client uses the city's APIs: requests, errors, latency, quota; of the last day."""
    found = call("GET", f"{_of(client_id)}/usage{f'?step={quote(step)}' if step else ''}")
    rows = [("operation", "requests", "4xx", "5xx", "p50 ms", "p95 ms")]
    for name, one in [
        *((each["operation"], each) for each in found["operations"]),
        ("total", found["total"]),
    ]:
        counts = ("requests", "clientErrors", "serverErrors", "p50Ms", "p95Ms")
        rows.append((name, *(str("-" if one[key] is None else one[key]) for key in counts)))
    quotas = [("all operations", found["quota"])] if found["quota"] else []
    quotas += [(one["operation"], one) for one in found["operationQuotas"]]
    lines = [f"quota of {name}: {one['used']} of {one['limit']}" for name, one in quotas]
    show(found, as_json, "\n".join([columns(rows), *lines]))
