"""``supercity clients``: register, approve, change and suspend clients."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.calling import AsJson, call, show

clients = typer.Typer(no_args_is_help=True, help="Register, change and suspend clients.")


@clients.command("list")
def list_clients(as_json: AsJson = False) -> None:
    """All registered clients."""
    found = call("GET", "/control/v1/clients")
    lines = [
        f"{one['client_id']:40}{one['client_class']:14}{_state(one):11}{one['scope']}"
        for one in found
    ]
    show(found, as_json, "\n".join(lines))


def _state(client: dict[str, Any]) -> str:
    if client["suspended"]:
        return "suspended"
    return "changes?" if client.get("proposed") else str(client["state"])


@clients.command("create")
def create_client(
    name: Annotated[str, typer.Argument(help="Shown to residents.")],
    scope: Annotated[list[str] | None, typer.Option(help="A scope; repeat it.")] = None,
    client_class: Annotated[str, typer.Option(help="partner, service, data-holder, …")] = "partner",
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
    }
    made = call("POST", "/control/v1/clients", body)
    text = f"client_id      {made['client_id']}\nclient_secret  {made.get('client_secret', '')}"
    show(made, as_json, text)


@clients.command("grant")
def grant_scopes(client_id: str, scope: Annotated[list[str], typer.Argument()]) -> None:
    """Let a client ask for exactly these scopes from now on."""
    body = {"scope": " ".join(scope)}
    changed = call("PATCH", f"/control/v1/clients/{client_id}", body)
    typer.echo(f"{client_id} may ask for: {changed['scope']}")


@clients.command("quota")
def set_quota(
    client_id: str,
    requests: Annotated[int, typer.Argument(min=0, help="A day, over all routes; 0 for any.")],
    as_json: AsJson = False,
) -> None:
    """Let a client make so many requests a day from now on."""
    changed = call("PATCH", f"/control/v1/clients/{client_id}", {"quota": requests})
    said = f"{requests} requests a day" if requests else "any number of requests a day"
    show(changed, as_json, f"{client_id} may make {said}.")


@clients.command("approve")
def approve_client(
    client_id: str,
    scope: Annotated[
        list[str] | None, typer.Option(help="Of those asked for; all when left out; repeat it.")
    ] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Of those asked for; all when left out; repeat it.")
    ] = None,
    client_class: Annotated[str, typer.Option(help="partner, service, data-holder, …")] = "",
    as_json: AsJson = False,
) -> None:
    """Accept a client that registered itself, or the changes that it asks for."""
    body = {
        "scope": " ".join(scope) if scope else None,
        "purposes": purpose or None,
        "client_class": client_class or None,
    }
    changed = call("POST", f"/control/v1/clients/{client_id}/approve", body)
    show(changed, as_json, f"{client_id} is approved and may ask for: {changed['scope']}")


@clients.command("refuse")
def refuse_client(
    client_id: str,
    reason: Annotated[str, typer.Argument(help="For the audit log.")],
    as_json: AsJson = False,
) -> None:
    """Refuse a client that registered itself, or the changes that it asks for."""
    changed = call("POST", f"/control/v1/clients/{client_id}/refuse", {"reason": reason})
    what = "is refused" if changed["state"] == "refused" else "stays as it was"
    show(changed, as_json, f"{client_id} {what}.")


@clients.command("suspend")
def suspend_client(client_id: str) -> None:
    """Refuse a client from now on, and void its tokens."""
    call("POST", f"/control/v1/clients/{client_id}/suspend")
    typer.echo(f"{client_id} is suspended; its tokens are void.")


@clients.command("resume")
def resume_client(client_id: str) -> None:
    """Accept a suspended client again."""
    call("POST", f"/control/v1/clients/{client_id}/resume")
    typer.echo(f"{client_id} is active.")
