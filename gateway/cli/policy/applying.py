"""Doing what a comparison found, in an order in which nothing is open that should be shut.

The limit of linkage first, then APIs before the clients that ask for them; what goes, goes last.
Each step is one call of the open API, or two; the first that is refused ends it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from gateway.cli.operator import Operator, Refused
from gateway.cli.policy.checks import as_metadata
from gateway.cli.policy.diff import Change
from gateway.cli.policy.document import Client, Policy, SecretFrom

_CONTROL: Final = "/control/v1"
_ORDER: Final = {
    ("change", "linkage"): 0,
    ("add", "api"): 1,
    ("change", "api"): 1,
    ("add", "client"): 2,
    ("change", "client"): 2,
    ("add", "person"): 3,
    ("change", "person"): 3,
    ("remove", "client"): 4,
    ("remove", "person"): 5,
    ("remove", "api"): 6,
}

Shown = dict[str, str]
"""What the city shows once: a client's secret, the address of an invitation."""


@dataclass(slots=True)
class Applied:
    """How far it came.

    Attributes:
        done: in their order.
        once: what is shown once, each with whose it is.
        failed: the change that was refused, and why; ``None`` when all was done.
        left: what was not begun.
    """

    done: list[Change] = field(default_factory=list)
    once: list[Shown] = field(default_factory=list)
    failed: tuple[Change, str] | None = None
    left: list[Change] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        change, why = self.failed or (None, "")
        return {
            "done": [one.as_json() for one in self.done],
            "shownOnce": self.once,
            "failed": {**change.as_json(), "why": why} if change else None,
            "left": [one.as_json() for one in self.left],
        }


def in_order(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda one: (_ORDER[one.action, one.kind], one.name))


def apply(
    city: Operator,
    changes: Iterable[Change],
    wanted: Policy,
    told: Callable[[Change], object] = lambda change: None,
) -> Applied:
    """Do the changes, up to the first that is refused.

    Args:
        wanted: the document that they came from.
        told: is told of each that is done.
    """
    steps = _Steps(city, wanted)
    applied = Applied(left=in_order(changes))
    while applied.left:
        change = applied.left.pop(0)
        try:
            for shown in steps.do(change):
                applied.once.append(shown)
        except Refused as refused:
            applied.failed = (change, str(refused))
            return applied
        applied.done.append(change)
        told(change)
    return applied


@dataclass(slots=True)
class _Steps:
    city: Operator
    wanted: Policy
    _staff: dict[str, str] = field(default_factory=dict)
    """Username → id of the account."""

    def do(self, change: Change) -> Iterator[Shown]:
        yield from getattr(self, f"_{change.action}_{change.kind}")(change) or ()

    # ------------------------------------------------------------ linkage

    def _change_linkage(self, _: Change) -> None:
        limit = self.wanted.linkage
        if limit:
            body = {"mostDomains": limit.most_domains, "watched": limit.watched}
            self.city.call("PUT", f"{_CONTROL}/linkage", body)

    # ------------------------------------------------------------ APIs

    def _api(self, name: str) -> dict[str, Any]:
        api = (self.wanted.apis or {})[name]
        return {"documentUrl": api.document_url, "upstream": list(api.upstream) or ""}

    def _add_api(self, change: Change) -> None:
        self.city.call("POST", f"{_CONTROL}/apis", {"name": change.name, **self._api(change.name)})

    def _change_api(self, change: Change) -> None:
        self.city.call("PUT", f"{_CONTROL}/apis/{change.name}", self._api(change.name))

    def _remove_api(self, change: Change) -> None:
        self.city.call("DELETE", f"{_CONTROL}/apis/{change.name}")

    # ------------------------------------------------------------ clients

    def _client(self, change: Change) -> tuple[Client, str]:
        path = f"{_CONTROL}/clients/{quote(change.name, safe='')}"
        return (self.wanted.clients or {})[change.name], path

    def _add_client(self, change: Change) -> Iterator[Shown]:
        client, path = self._client(change)
        body = {"client_id": change.name, **as_metadata(change.name, client), **_decided(client)}
        if client.secret:
            body["client_secret"] = found_secret(client.secret)
        made = self.city.call("POST", f"{_CONTROL}/clients", body)
        if made.get("client_secret") and not client.secret:
            yield {"client": change.name, "client_secret": made["client_secret"]}
        if client.suspended:
            self.city.call("POST", f"{path}/suspend")
        if client.consent_notices:
            yield self._notices(client, change.name, path)

    def _change_client(self, change: Change) -> Iterator[Shown]:
        client, path = self._client(change)
        fields = set(change.fields)
        if "auth_method" in fields:
            raise Refused(
                "How a client authenticates is fixed: give it another id, or end this one first."
            )
        if fields - {"suspended", "consent_notices"}:
            metadata = as_metadata(change.name, client)
            metadata.pop("token_endpoint_auth_method")
            self.city.call("PATCH", path, {**metadata, **_decided(client)})
        if "suspended" in fields:
            self.city.call("POST", f"{path}/{'suspend' if client.suspended else 'resume'}")
        if "consent_notices" in fields:
            if client.consent_notices:
                yield self._notices(client, change.name, path)
            else:
                self.city.call("DELETE", f"{path}/consent-notices")

    def _notices(self, client: Client, name: str, path: str) -> Shown:
        body = {"uri": client.consent_notices}
        made = self.city.call("PUT", f"{path}/consent-notices", body)
        return {"client": name, "consent_notices_secret": made["secret"]}

    def _remove_client(self, change: Change) -> None:
        self.city.call("DELETE", f"{_CONTROL}/clients/{quote(change.name, safe='')}")

    # ------------------------------------------------------------ staff

    def _person(self, username: str) -> str:
        if not self._staff:
            listed = self.city.call("GET", f"{_CONTROL}/staff")
            self._staff = {one["username"]: one["staffId"] for one in listed}
        return f"{_CONTROL}/staff/{self._staff[username]}"

    def _add_person(self, change: Change) -> Iterator[Shown]:
        person = (self.wanted.staff or {})[change.name]
        body = {"username": change.name, "name": person.name, "roles": list(person.roles)}
        made = self.city.call("POST", f"{_CONTROL}/staff", body)
        if person.suspended:
            self.city.call("PATCH", f"{_CONTROL}/staff/{made['staffId']}", {"suspended": True})
        else:
            yield {"person": change.name, "invitation": made["invitation"]}

    def _change_person(self, change: Change) -> None:
        person = (self.wanted.staff or {})[change.name]
        body = {"roles": list(person.roles), "suspended": person.suspended}
        self.city.call("PATCH", self._person(change.name), body)

    def _remove_person(self, change: Change) -> None:
        self.city.call("PATCH", self._person(change.name), {"suspended": True})


def _decided(client: Client) -> dict[str, Any]:
    """What only an operator decides about a client."""
    return {
        "client_class": client.client_class,
        "rate": [client.rate.requests, client.rate.seconds],
        "quota": client.quota,
    }


def found_secret(where: SecretFrom) -> str:
    """Raises:
    Refused: there is none.
    """
    try:
        found = os.environ.get(where.env, "") if where.env else Path(where.file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"The secret in {where.file} cannot be read: {error}") from error
    if not found:
        named = f"variable {where.env} is not set" if where.env else f"{where.file} is empty"
        raise Refused(f"The secret is not there: {named}.")
    return found
