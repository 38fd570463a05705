"""What a query asks for (GS CIM 009 §5.7.2), and what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.broker.context.geoquery import GeoQuery
from services.broker.context.jsonld import CORE, Context
from services.broker.context.model import ContextEntity
from services.broker.context.ordering import Order
from services.broker.context.q import Node
from services.broker.context.scope_query import Scopes
from services.broker.context.selection import TypeSelection

MOST_LIMIT: Final = 1000
ANY: Final = TypeSelection()


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; all conditions hold together.

    Attributes:
        selectors: any of these (§5.2.33); all three conditions of one hold together.
        attributes: at least one of these, expanded.
        personal: also entities about persons.
        order: by what the answer is ordered; by id when empty, nearest first with ``near``.
    """

    selectors: Sequence[Selector] = ()
    attributes: Sequence[str] = ()
    q: Node | None = None
    geo: GeoQuery | None = None
    scopes: Scopes = ()
    order: Sequence[Order] = ()
    collation: str = ""
    personal: bool = False
    limit: int = 20
    offset: int = 0
    count: bool = False
    context: Context = CORE


@dataclass(frozen=True, slots=True)
class Selector:
    """Some entities, by what they are (§5.2.33).

    Attributes:
        types: any when empty.
        ids: any of these; any at all when empty.
        id_pattern: regular expression found in the id; not looked at when there are ids.
    """

    types: TypeSelection = ANY
    ids: Sequence[str] = ()
    id_pattern: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of what was found.

    Attributes:
        total: how many there are in all; None when it was not asked for.
        more: whether there are more behind this page.
    """

    entities: list[ContextEntity]
    total: int | None
    more: bool
