"""What a client may decide for itself, and what an operator decides (RFC 7591 §5, RFC 7592 §2.2).

A resident trusts the name, the organisation and the address that they are shown; a client that
could change them by itself could become anybody. So these wait for an operator, as does whatever
gives more than before. What gives less, and new keys, hold at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.control.links import LINKED_DOMAINS
from gateway.control.oauth.clients import ACTIVE, Client
from gateway.control.oauth.registration import ClientMetadata
from schemas import scopes
from schemas.problem import Conflict, Fault, Unprocessable

_OPERATORS: Final = frozenset(("operator", "audit"))
_GRANTED_ONLY: Final = frozenset(
    (
        *(scopes.ENTITIES_PERSONAL, scopes.EVENTS_PERSONAL, scopes.EVENTS_PUBLISH_CITY),
        *(f"{domain}:link" for domain in LINKED_DOMAINS),  # whose record a resident's name opens
    )
)


def beyond_asking(scope: str) -> list[str]:
    """The scopes that nobody can register for by themselves."""
    asked = sorted(scopes.parse(scope))
    return [one for one in asked if one.partition(":")[0] in _OPERATORS or one in _GRANTED_ONLY]


def needs_approval(held: Client, wanted: Client) -> bool:
    """Whether ``wanted`` is more than ``held``, or looks like somebody else.

    Never in the sandbox: what a sandbox application may be, it may be at once
    (:mod:`gateway.control.oauth.sandbox`).
    """
    if held.sandbox:
        return False
    looks = (held.name, held.organisation, held.auth_method)
    more = (
        (wanted.scopes, held.scopes),
        (wanted.grant_types, held.grant_types),
        (wanted.redirect_uris, held.redirect_uris),
        (wanted.purposes, held.purposes),
    )
    looser = (held.dpop_bound and not wanted.dpop_bound) or (
        held.pushed_only and not wanted.pushed_only
    )
    return (
        looks != (wanted.name, wanted.organisation, wanted.auth_method)
        or any(not set(new) <= set(old) for new, old in more)
        or looser
    )


def with_metadata(held: Client, wanted: Client) -> Client:
    """The client as its metadata have it, and otherwise as it was."""
    return replace(
        held,
        name=wanted.name,
        scopes=wanted.scopes,
        grant_types=wanted.grant_types,
        redirect_uris=wanted.redirect_uris,
        auth_method=wanted.auth_method,
        jwks=wanted.jwks,
        dpop_bound=wanted.dpop_bound,
        pushed_only=wanted.pushed_only,
        purposes=wanted.purposes,
        organisation=wanted.organisation,
        proposed=None,
    )


def approved(
    client: Client, proposal: Client | None, scope: str | None, purposes: list[str] | None
) -> Client:
    """The client as it is from now on.

    Args:
        proposal: what it proposed to be; ``None`` for one that is new.
        scope, purposes: narrower than it asked for; all of that when left out.

    Raises:
        Unprocessable: they are not narrower.
    """
    asked = with_metadata(client, proposal) if proposal else client
    chosen = asked.scopes if scope is None else tuple(sorted(scopes.parse(scope)))
    kept = asked.purposes if purposes is None else tuple(dict.fromkeys(purposes))
    for where, narrow, all_of_it in (
        ("/scope", chosen, asked.scopes),
        ("/purposes", kept, asked.purposes),
    ):
        if more := sorted(set(narrow) - set(all_of_it)):
            fault = Fault(where, f"{more[0]!r} was not asked for", "Leave it out, or change it.")
            raise Unprocessable("An approval can only narrow what was asked for.", faults=[fault])
    return replace(asked, state=ACTIVE, scopes=chosen, purposes=kept, proposed=None)


def metadata_of_proposal(client: Client) -> ClientMetadata:
    """Raises:
    Conflict: it has proposed nothing.
    """
    if client.proposed is None:
        raise Conflict(f"Client {client.client_id!r} waits for nothing.")
    return ClientMetadata.model_validate(client.proposed)
