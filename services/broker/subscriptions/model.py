"""A subscription, ready to be matched and told of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import orjson

from services.broker.consent.standing import Standing, load
from services.broker.context.geoquery import GeoQuery, parse_geoquery
from services.broker.context.q import Node, parse_q, terms
from services.broker.context.q_values import expand_values
from services.broker.context.scope_query import Scopes, parse_scope_query
from services.broker.context.selection import TypeSelection, parse_type_selection
from services.broker.subscriptions.document import Document
from services.broker.subscriptions.fields import seconds_of
from services.broker.subscriptions.names import Terms, expanded_values

DEFAULT_TRIGGERS: Final = ("attributeCreated", "attributeUpdated")
_ATTRIBUTE_TRIGGERS: Final = ("attributeCreated", "attributeUpdated", "attributeDeleted")

Status = Literal["active", "paused", "expired"]


@dataclass(frozen=True, slots=True)
class Selector:
    """Which entities (§5.2.33).

    Attributes:
        ids: empty for all; before ``pattern``.
    """

    types: TypeSelection
    ids: frozenset[str]
    pattern: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription, compiled from what is stored.

    Attributes:
        owner: the client it belongs to.
        personal: whether its owner may see entities about persons.
        standing: under what its owner receives.
        document: as it was sent, its names expanded.
        since: the version of all subscriptions that it came with.
        selectors: any of these; empty for every entity.
        watched: expanded; empty for every attribute.
        expires: seconds since the epoch; None for never.
        throttling, interval: seconds; 0 for none.
        look: the same for those that show entities in the same way, under the same context.
    """

    tenant: str
    id: str
    owner: str
    personal: bool
    standing: Standing
    document: Document
    terms: Terms
    since: int
    created: str
    modified: str
    selectors: tuple[Selector, ...]
    watched: frozenset[str]
    triggers: frozenset[str]
    q: Node | None
    geo: GeoQuery | None
    scopes: Scopes
    datasets: frozenset[str]
    expires: float | None
    throttling: float
    interval: float
    look: bytes

    @property
    def notification(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.document["notification"]
        return found

    @property
    def endpoint(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.notification["endpoint"]
        return found

    @property
    def joins(self) -> bool:
        """Whether linked entities are shown too (§5.2.14)."""
        return bool(self.notification.get("join", "@none") != "@none")

    @property
    def looks_further(self) -> bool:
        """Whether the query is about linked entities, which only the store can answer."""
        return self.q is not None and any(term.links for term in terms(self.q))

    def status(self, now: datetime) -> Status:
        """What it does at ``now`` (§5.2.12)."""
        if self.expires is not None and self.expires <= now.timestamp():
            return "expired"
        return "active" if self.document.get("isActive", True) else "paused"


def compiled(row: Any) -> Subscription:
    """The subscription in a row of ``subscriptions``."""
    document: Document = row.document
    names = Terms(row.terms)
    return Subscription(
        tenant=row.tenant,
        id=row.id,
        owner=row.owner,
        personal=bool(row.personal),
        standing=load(row.standing, row.owner, 0),
        document=document,
        terms=names,
        since=row.since,
        created=row.created,
        modified=row.modified,
        selectors=tuple(_selector(found, names) for found in document.get("entities", ())),
        watched=frozenset(document.get("watchedAttributes", ())),
        triggers=_triggers(document),
        q=_q(document, names),
        geo=_geo(document["geoQ"], names) if "geoQ" in document else None,
        scopes=parse_scope_query(document["scopeQ"]) if "scopeQ" in document else (),
        datasets=frozenset(document.get("datasetId", ())),
        expires=seconds_of(document["expiresAt"]) if "expiresAt" in document else None,
        throttling=float(document.get("throttling", 0)),
        interval=float(document.get("timeInterval", 0)),
        look=_look(document, row.terms),
    )


def _look(document: Document, names: Mapping[str, str]) -> bytes:
    wanted = dict(document["notification"])
    endpoint = wanted.pop("endpoint")
    form = [endpoint.get("accept"), prefers_plain_json(endpoint)]
    shown = [wanted, form, document.get("datasetId"), document.get("lang"), names]
    return orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)


def prefers_plain_json(endpoint: Mapping[str, Any]) -> bool:
    """Whether the receiver asks for GeoJSON without a context in it (§6.3.8)."""
    return any(
        pair["key"].lower() == "prefer" and pair["value"].replace(" ", "") == "body=json"
        for pair in endpoint.get("receiverInfo", ())
    )


def _selector(found: Mapping[str, Any], names: Terms) -> Selector:
    ids = found.get("id", ())
    pattern = found.get("idPattern")
    return Selector(
        types=parse_type_selection(found["type"], names),
        ids=frozenset((ids,) if isinstance(ids, str) else ids),
        pattern=re.compile(pattern) if pattern else None,
    )


def _triggers(document: Document) -> frozenset[str]:
    """``entityUpdated`` stands for the three kinds of change of an attribute (§5.2.12)."""
    found = set(document.get("notificationTrigger", DEFAULT_TRIGGERS))
    if "entityUpdated" in found:
        found.update(_ATTRIBUTE_TRIGGERS)
    return frozenset(found)


def _q(document: Document, names: Terms) -> Node | None:
    if "q" not in document:
        return None
    return expand_values(parse_q(document["q"]), expanded_values(document), names)


def _geo(found: Mapping[str, Any], names: Terms) -> GeoQuery | None:
    return parse_geoquery(
        found["georel"],
        found["geometry"],
        found["coordinates"],
        found.get("geoproperty", ""),
        names,
    )
