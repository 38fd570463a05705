"""What a client asks a resident for: its scopes and authorization details, judged together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from authlib.oauth2.rfc6749 import InvalidScopeError, OAuth2Error

from gateway.control.consent import details
from gateway.control.consent.details import PARAMETER, Asked, invalid
from gateway.control.consent.reach import Reach, reachable
from gateway.control.oauth import sandbox
from gateway.control.oauth.clients import Client
from gateway.control.oauth.exchange import Exchange
from gateway.control.policy.compiler import CompiledApi
from gateway.control.state import Control
from schemas.purposes import PURPOSES, Purpose
from schemas.scopes import parse
from schemas.xcity import DataField, Dataset


@dataclass(frozen=True, slots=True)
class Wanted:
    """One consent as it is asked for, not yet given.

    Attributes:
        fields: what of the data set; empty for all.
        until: seconds since the epoch; what the client asked for, at most the grant's end.
        recipients: services that may act with it, by token exchange (RFC 8693).
        essential: the client says that it is of no use without it.
    """

    reach: Reach
    purpose: Purpose
    fields: tuple[str, ...]
    until: int
    essential: bool = False
    recipients: tuple[Client, ...] = ()

    @property
    def dataset(self) -> Dataset:
        return self.reach.dataset

    @property
    def shown(self) -> tuple[DataField, ...]:
        """The fields that a resident reads: those asked for, or all that there are."""
        return tuple(one for one in self.dataset.fields if not self.fields or one.id in self.fields)


def judge_exchange(control: Control, exchange: Exchange, end: int) -> tuple[Wanted, ...]:
    """:func:`judge` for an authorization request that is otherwise in order.

    Raises:
        OAuth2Error: to be told to the client by redirect (RFC 9396 §5, RFC 6749 §4.1.2.1).
    """
    client: Client = exchange.client
    apis = control.publisher.current.apis
    try:
        recipients = exchange.found.recipients
        return judge(exchange.form, exchange.scope, client, apis, exchange.now, end, recipients)
    except OAuth2Error as error:
        payload = exchange.payload
        error.redirect_uri = payload.redirect_uri or client.get_default_redirect_uri()
        error.state = payload.state
        raise


def judge(
    parameters: Mapping[str, str],
    scope: str,
    client: Client,
    apis: Iterable[CompiledApi],
    now: int,
    end: int,
    recipients: Mapping[str, Client] | None = None,
) -> tuple[Wanted, ...]:
    """The consents that a request asks for, by purpose.

    Without authorization details, every data set behind the scopes is asked for, whole, for the
    client's first registered purpose that it may be used for.

    Args:
        parameters: of the authorization request.
        scope: what of it is allowed to the client.
        end: of the grant.
        recipients: the clients that are named as such, as far as there are any.

    Raises:
        OAuth2Error: ``invalid_authorization_details``, or ``invalid_scope`` where a scope opens
            data that none of the client's purposes fits.
    """
    reach = reachable(apis, parse(scope))
    text = parameters.get(PARAMETER)
    if text is None:
        wanted = [_whole(one, client, end) for one in reach.values()]
    else:
        wanted = [
            replace(
                _detailed(asked, number, reach, client, now, end),
                recipients=_recipients(asked, number, client, recipients or {}),
            )
            for number, asked in enumerate(details.parse(text))
        ]
    if len({(one.dataset.id, one.purpose.id) for one in wanted}) != len(wanted):
        raise invalid("The same data set is asked for twice for the same purpose.")
    return tuple(sorted(wanted, key=lambda one: (one.purpose.id, one.dataset.id)))


def _whole(reach: Reach, client: Client, end: int) -> Wanted:
    fitting = [name for name in client.purposes if _fits(reach.dataset, name)]
    if not fitting:
        raise InvalidScopeError(
            description=f"Data set {reach.dataset.id} may not be used for what this client is "
            f"registered for; it may be for {', '.join(reach.dataset.purposes)}."
        )
    return Wanted(reach, PURPOSES[fitting[0]], (), end)


def _fits(dataset: Dataset, purpose: str) -> bool:
    return purpose in PURPOSES and (not dataset.purposes or purpose in dataset.purposes)


def _detailed(
    asked: Asked, number: int, reachable: Mapping[str, Reach], client: Client, now: int, end: int
) -> Wanted:
    where = f"authorization_details/{number}"
    reach = reachable.get(asked.dataset)
    if reach is None:
        known = ", ".join(reachable) or "none"
        raise invalid(f"{where}/dataset: the scopes asked for open {known} of a resident.")
    purpose = asked.purpose or _whole(reach, client, end).purpose.id
    if purpose not in client.purposes or not _fits(reach.dataset, purpose):
        allowed = [name for name in client.purposes if _fits(reach.dataset, name)]
        raise invalid(f"{where}/purpose: this client may use it for {', '.join(allowed) or 'none'}")
    if asked.until is not None and asked.until <= now:
        raise invalid(f"{where}/until: it is in the past.")
    return Wanted(
        reach,
        PURPOSES[purpose],
        _fields(asked, reach.dataset, where),
        min(asked.until or end, end),
        asked.essential,
    )


def _recipients(
    asked: Asked, number: int, client: Client, known: Mapping[str, Client]
) -> tuple[Client, ...]:
    found = []
    for name in dict.fromkeys(asked.recipients or ()):
        one = known.get(name)
        itself = one is not None and one.client_id == client.client_id
        if one is None or itself or not one.may_act or sandbox.mixes(client, one):
            raise invalid(f"authorization_details/{number}/recipients: {name} acts for nobody.")
        found.append(one)
    return tuple(found)


def _fields(asked: Asked, dataset: Dataset, where: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(asked.fields or ()))
    known = [field.id for field in dataset.fields]
    if unknown := [name for name in named if name not in known]:
        there = ", ".join(known) or "no fields: it is granted whole or not at all"
        raise invalid(f"{where}/fields: {unknown[0]} is none; {dataset.id} has {there}.")
    return named
