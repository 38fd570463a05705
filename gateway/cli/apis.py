"""``supercity attach`` and ``detach``."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from gateway.cli import complete
from gateway.cli.calling import AsJson, call, show
from gateway.cli.operator import Refused


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


def detach(
    name: Annotated[str, typer.Argument(autocompletion=complete.apis)], as_json: AsJson = False
) -> None:
    """Detach an API that was attached; what it was asked for under /apps/ is not found any more."""
    call("DELETE", f"/control/v1/apis/{quote(name, safe='')}")
    show({"detached": name}, as_json, f"Detached {name}.")
