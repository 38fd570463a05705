"""A webhook: where which events go, and whose it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from sqlalchemy import Row

from schemas.kit.caller import Caller
from services.broker.consent.standing import NOBODYS, Standing, load
from services.broker.log import Position

KIND: Final = "webhook"

WebhookState = Literal["pending", "active", "disabled"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who receives.

    Attributes:
        subject: pseudonym of the resident behind; empty when none is.
        scopes: of the token that created the webhook, or last changed it.
        standing: under what, by the same token.
    """

    client: str
    subject: str
    scopes: frozenset[str]
    standing: Standing = NOBODYS

    @classmethod
    def of(cls, caller: Caller, standing: Standing = NOBODYS) -> Owner:
        return cls(caller.client, caller.subject, caller.scopes, standing)

    @property
    def caller(self) -> Caller:
        """As if it called now."""
        return Caller(self.client, self.subject, self.scopes, "", grant=self.standing.grant)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One of them, as it is stored; see :data:`services.broker.webhooks.tables.webhooks`."""

    id: str
    owner: Owner
    url: str
    types: tuple[str, ...]
    description: str
    ordered: bool
    state: WebhookState
    secret: bytes
    previous: bytes | None
    previous_until: float
    cursor: Position | None
    again_until: Position
    created: float
    updated: float
    verified: float | None

    @property
    def endpoint(self) -> str:
        """Its name in the delivery engine."""
        return f"{KIND}:{self.id}"

    def wants(self, type_: str) -> bool:
        return not self.types or _pattern(self.types).fullmatch(type_) is not None


@lru_cache(maxsize=4096)
def _pattern(types: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(one).replace(r"\*", ".*") for one in types))


def id_of(endpoint: str) -> str:
    """The webhook behind a name in the delivery engine."""
    return endpoint.partition(":")[2]


def as_webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id,
        owner=Owner(
            row.client,
            row.subject,
            frozenset(row.scopes.split()),
            load(row.standing, row.client, row.updated),
        ),
        url=row.url,
        types=tuple(row.types.split()),
        description=row.description,
        ordered=bool(row.ordered),
        state=row.state,
        secret=row.secret,
        previous=row.previous,
        previous_until=row.previous_until or 0.0,
        cursor=None if row.cursor is None else Position.parse(row.cursor),
        again_until=Position.parse(row.again_until),
        created=row.created,
        updated=row.updated,
        verified=row.verified,
    )
