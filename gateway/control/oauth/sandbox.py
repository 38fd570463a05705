"""The sandbox: applications that are there at once, for they reach nobody and change nothing.

Nobody has looked at a sandbox application. So it acts for synthetic residents alone, who do not
exist; it has only scopes that anybody may help themselves to; it is slow; no resident's browser is
sent anywhere for it; and it stays in the sandbox for good: a live application is another client.

Each rule is a function here, and is kept in one place:

- :func:`confined`, where a client is read for the authorization server (``exchange.prefetch``), so
  that every token, code and page knows no more of it, whatever is registered;
- :func:`fits`, where a grant is read for a token (``exchange.prefetch``, ``subject_token``);
- :func:`admits` and :func:`may_send`, where a resident's browser arrives (``visit.enter``);
- :func:`mixes`, where a client names another as a recipient (``consent.request``);
- :func:`beyond`, where metadata are taken in (``manage``, the portal, the operators' API).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import residents
from gateway.control.oauth.approval import beyond_asking
from gateway.control.oauth.clients import Client
from gateway.control.oauth.records import Grant
from gateway.control.policy.compiler import CompiledApi
from gateway.control.residents import Resident
from schemas.policy import Route
from schemas.scopes import IDENTITY
from schemas.xcity import LegalClass

RATE: Final = (60, 60)
"""Requests per seconds: enough to try everything, not to run anything on."""
QUOTA: Final = 5_000
"""Requests a day."""
_READING: Final = ":read"
_OF_NOBODY: Final = frozenset((LegalClass.OPEN, LegalClass.ANONYMISED))


def self_service(apis: Iterable[CompiledApi]) -> frozenset[str]:
    """The scopes that anybody may help themselves to, for the sandbox.

    A scope is one if it opens a resident's own data alone, for that needs a resident, and there are
    synthetic ones only; or if it is for reading (``<domain>:read``) what is not about persons.
    """
    routes: dict[str, list[tuple[Route, LegalClass]]] = {}
    for api in apis:
        classes = {one.id: one.legal_class for one in api.info.datasets}
        for route in api.routes:
            about = classes.get(route["dataset"], LegalClass.OPEN)
            for scope in frozenset(one for some in route["scopes"] for one in some):
                routes.setdefault(scope, []).append((route, about))
    found = {scope for scope, opened in routes.items() if _helps_itself(scope, opened)}
    return frozenset(found.difference(beyond_asking(" ".join(found)))) | IDENTITY


def _helps_itself(scope: str, opened: Iterable[tuple[Route, LegalClass]]) -> bool:
    others = [about for route, about in opened if route["access"] != "personal"]
    return not others or (scope.endswith(_READING) and _OF_NOBODY.issuperset(others))


def beyond(scopes: Iterable[str], apis: Iterable[CompiledApi]) -> list[str]:
    """Which of the scopes no sandbox application gets."""
    return sorted(set(scopes) - self_service(apis))


def confined(client: Client | None, apis: Iterable[CompiledApi]) -> Client | None:
    """The client, as far as it goes: of a sandbox application, no other scopes than these."""
    if client is None or not client.sandbox:
        return client
    own = self_service(apis)
    return replace(client, scopes=tuple(one for one in client.scopes if one in own))


def admits(client: Client, resident: Resident | None) -> bool:
    """Whether a resident may be asked for consent by the client."""
    return resident is None or not client.sandbox or resident.synthetic


def may_send(client: Client | None, resident: Resident | None) -> bool:
    """Whether a browser may be sent to an address of the client's (RFC 9700 §4.11).

    To a sandbox one's, only where a synthetic resident is signed in: anybody could have the city's
    own address lead anywhere otherwise.
    """
    return client is None or not client.sandbox or (resident is not None and resident.synthetic)


async def fits(connection: AsyncConnection, client: Client | None, grant: Grant | None) -> bool:
    """Whether the client may act under a grant; a sandbox one, for a synthetic resident alone."""
    if client is None or grant is None or not client.sandbox:
        return True
    resident = await residents.find(connection, grant.resident_id)
    return resident is not None and resident.synthetic


def mixes(client: Client, recipient: Client) -> bool:
    """Whether one is live and the other is not: a test must not order a real car, nor a resident
    read on the consent page the name of somebody whom nobody has looked at."""
    return client.sandbox != recipient.sandbox
