"""The operators' commands of ``supercity``: attach, clients, keys, status."""

from __future__ import annotations

import re
from typing import Annotated, Any

import httpx
import typer

from gateway.cli_audit import audit
from gateway.cli_call import AsJson, call, show
from gateway.cli_dlq import dlq
from gateway.cli_emergency import emergency
from gateway.cli_sectors import sectors
from gateway.cli_staff import login, logout, staff
from gateway.operator_client import Refused

clients = typer.Typer(no_args_is_help=True, help="Register, change and suspend clients.")
cache = typer.Typer(no_args_is_help=True, help="The answers that the gateway keeps.")
keys = typer.Typer(no_args_is_help=True, help="Look at and rotate the keys that sign tokens.")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(attach)
    app.command()(detach)
    app.command()(status)
    app.command()(login)
    app.command()(logout)
    app.add_typer(clients, name="clients")
    app.add_typer(keys, name="keys")
    app.add_typer(cache, name="cache")
    app.add_typer(emergency, name="emergency")
    app.add_typer(audit, name="audit")
    app.add_typer(dlq, name="dlq")
    app.add_typer(staff, name="staff")
    app.add_typer(sectors, name="sectors")


def attach(
    url: Annotated[str, typer.Argument(help="Where the API's openapi.json is, seen from inside.")],
    name: Annotated[str, typer.Option(help="From the document's title when left out.")] = "",
    upstream: Annotated[
        list[str] | None,
        typer.Option(help="http://host:port, once for each process; of URL when left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Attach an API by its OpenAPI document; it is callable when this returns."""
    body = {"name": name or _name_of(url), "documentUrl": url, "upstream": upstream or ""}
    api = call("POST", "/control/v1/apis", body)
    lines = [f"Attached {api['name']} with {len(api['routes'])} routes:"]
    lines += [f"  {_route(route)}" for route in api["routes"]]
    show(api, as_json, "\n".join(lines))


def _route(route: dict[str, Any]) -> str:
    needs = " or ".join(" ".join(some) for some in route["scopes"]) or route["access"]
    return f"{route['method']:7}{route['path']}  [{needs}]"


def _name_of(url: str) -> str:
    """A name from the document's title."""
    try:
        title = httpx.get(url, timeout=5).raise_for_status().json()["info"]["title"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise Refused(f"No title can be read at {url}: check it, or give --name.") from error
    name = re.sub(r"[^a-z0-9]+", "-", str(title).lower()).strip("-")[:40].strip("-")
    if not name:
        raise Refused(f"The title {title!r} makes no name: give --name.")
    return name


def detach(name: str) -> None:
    """Detach an API that was attached."""
    call("DELETE", f"/control/v1/apis/{name}")
    typer.echo(f"Detached {name}.")


def status(as_json: AsJson = False) -> None:
    """What is attached, and in which state."""
    apis = call("GET", "/control/v1/apis")
    lines = []
    for api in apis:
        lines.append(f"{api['name']:24}{api['state']:12}{len(api['routes']):4} routes")
        lines += [f"  {one['where'] or '/'}: {one['what']}" for one in api["findings"]]
        lines += [f"  {api['error']}"] if api["error"] else []
    show(apis, as_json, "\n".join(lines) or "Nothing is attached.")


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


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """The published keys."""
    found = call("GET", "/control/v1/keys")
    lines = [f"{one['kid']}  {one['alg']}  signs from {one['signsFrom']}" for one in found]
    show(found, as_json, "\n".join(lines))


@keys.command("rotate")
def rotate_keys(
    immediately: Annotated[
        bool, typer.Option(help="The key is believed stolen: void every token now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new signing key; good tokens stay good unless --immediately."""
    made = call("POST", "/control/v1/keys/rotate", {"immediately": immediately})
    show(made, as_json, f"The new key is {made['kid']}.")


@cache.command("purge")
def purge_cache(
    route: Annotated[str, typer.Option(help="<api>.<operationId>, as in metrics.")] = "",
    dataset: Annotated[str, typer.Option(help="A data set's id, as in the catalogue.")] = "",
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
