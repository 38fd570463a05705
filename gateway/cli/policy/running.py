"""The running city's policy, as its open API tells it.

Left out is what is not an operator's to write: the city's own APIs and clients, what the bootstrap
file names, clients that wait for approval or are in a sandbox, people who are suspended, and
developers, who come by themselves. A file that names them all the same gets them too.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.cli.operator import Operator, Refused
from gateway.cli.policy.document import Api, Client, Linkage, Person, Policy, Rate
from gateway.control.parts import OWN_CLIENT
from gateway.control.staff.command_line import CLIENT_ID as COMMAND_LINE

SECTIONS: Final = ("apis", "clients", "staff", "linkage")
_OWN: Final = (OWN_CLIENT, COMMAND_LINE, "city-console", "my-page")


def read(city: Operator, wanted: Policy | None = None) -> Policy:
    """The policy of the running city.

    Args:
        wanted: only its sections are asked for, and all that it names is in the answer.

    Raises:
        Refused: a section may not be read; or what the file names cannot be said in one.
    """
    asked = [name for name in SECTIONS if wanted is None or getattr(wanted, name) is not None]
    found: dict[str, Any] = {}
    if "apis" in asked:
        found["apis"] = _apis(city.call("GET", "/control/v1/apis"), _names(wanted, "apis"))
    if "clients" in asked:
        found["clients"] = _clients(city, _names(wanted, "clients"))
    if "staff" in asked:
        found["staff"] = _staff(city.call("GET", "/control/v1/staff"), _names(wanted, "staff"))
    if "linkage" in asked:
        limit = city.call("GET", "/control/v1/linkage")
        found["linkage"] = Linkage(most_domains=limit["mostDomains"], watched=limit["watched"])
    return Policy(**found)


def bootstrapped(city: Operator) -> frozenset[str]:
    """The clients that the bootstrap file brings back at every start."""
    return frozenset(city.call("GET", "/control/v1/bootstrap")["clients"])


def _names(wanted: Policy | None, section: str) -> set[str]:
    return set(getattr(wanted, section) or ()) if wanted else set()


def _apis(listed: list[dict[str, Any]], named: set[str]) -> dict[str, Api]:
    own = sorted(named & {one["name"] for one in listed if one["internal"]})
    if own:
        raise Refused(f"apis.{own[0]} is the city's own: it is in the bootstrap file, not in here.")
    return {
        one["name"]: Api.model_validate(
            {"document_url": one["documentUrl"], "upstream": one["upstreams"]}
        )
        for one in listed
        if not one["internal"]
    }


def _clients(city: Operator, named: set[str]) -> dict[str, Client]:
    if own := sorted(named & set(_OWN)):
        raise Refused(f"clients.{own[0]} is the platform's own: leave it out of the file.")
    told = {one["client"]: one["uri"] for one in city.call("GET", "/control/v1/notice-addresses")}
    hidden = {*_OWN, city.client_id, *bootstrapped(city)}
    found: dict[str, Client] = {}
    for one in city.call("GET", "/control/v1/clients"):
        name = one["client_id"]
        if one["state"] != "active" and name in named:
            raise Refused(_WAITS[one["state"]].format(name=name))
        others = one["state"] != "active" or name in hidden or one.get("sandbox")
        if name in named or not others:
            found[name] = _client(one, told.get(name, ""))
    return found


_WAITS: Final = {
    "pending": "clients.{name} waits for approval: `supercity clients approve {name}` first.",
    "refused": "clients.{name} was refused: choose another id.",
    "deleted": "clients.{name} was ended, and its id is never given again: choose another.",
}


def _client(one: dict[str, Any], notices: str) -> Client:
    requests, seconds = one["rate"]
    return Client.model_validate(
        {
            "name": one["client_name"] if one["client_name"] != one["client_id"] else "",
            "client_class": one["client_class"],
            "scopes": one["scope"].split(),
            "grant_types": one["grant_types"],
            "redirect_uris": one["redirect_uris"],
            "auth_method": one["token_endpoint_auth_method"],
            "jwks": one.get("jwks"),
            "dpop_bound_access_tokens": one["dpop_bound_access_tokens"],
            "require_pushed_authorization_requests": one["require_pushed_authorization_requests"],
            "rate": Rate(requests=requests, seconds=seconds),
            "quota": one["quota"],
            "purposes": one["purposes"],
            "organisation": one["organisation"],
            "consent_notices": notices,
            "suspended": one["suspended"],
        }
    )


def _staff(listed: list[dict[str, Any]], named: set[str]) -> dict[str, Person]:
    return {
        one["username"]: Person.model_validate(
            {"name": one["name"], "roles": one["roles"], "suspended": one["suspended"]}
        )
        for one in listed
        if one["username"] in named or not (one["suspended"] or one["roles"] == ["developer"])
    }
