"""An answer in an order that was asked for (GS CIM 009 §4.23), the same on every store."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.broker.context.candidates import candidates, load_in_order, matches
from services.broker.context.conditions import Condition
from services.broker.context.errors import TooManyResults
from services.broker.context.geometry import as_wkb, is_sound, metres_between, shape, shapes
from services.broker.context.jsonld import Context
from services.broker.context.kinds import METADATA, VALUE_OF
from services.broker.context.ordering import MEMBERS, Order
from services.broker.context.q_sql import COLUMNS
from services.broker.context.query import Page, Query
from services.broker.context.tables import entities

MOST_ORDERED: Final = 20_000
"""Entities put in order by one request; a query that means more is asked to be narrower."""

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?Z")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIME: Final = re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d+)?Z")

# §4.23.2, in this order; before all of them a distance
_DISTANCE, _NUMBER, _TEXT, _OBJECT, _ARRAY, _BOOLEAN = range(6)
_TIME_OF_DAY, _DAY, _INSTANT, _NULL, _ABSENT = range(6, 11)
Key = tuple[int, Any]


async def in_order(
    connection: AsyncConnection, tenant: str, query: Query, where: list[Condition]
) -> Page:
    """A page in the query's order; by id where that leaves a choice.

    Raises:
        TooManyResults: too many to put in order.
    """
    statement = _columns(query.order, query.context).where(*where).order_by(entities.c.id)
    if query.geo:
        near = await _placed(connection, tenant, query, where)
        statement = statement.where(entities.c.id.in_(sorted(near)))
    rows: list[Any] = list((await connection.execute(statement.limit(MOST_ORDERED + 1))).all())
    if len(rows) > MOST_ORDERED:
        raise TooManyResults(
            f"More than {MOST_ORDERED} entities would have to be put in order; ask for fewer."
        )
    for number, order in reversed(list(enumerate(query.order, start=1))):
        rows = _sorted(rows, number, order, query.context)
    page = [row.id for row in rows[query.offset : query.offset + query.limit]]
    found = await load_in_order(connection, tenant, page)
    total = len(rows) if query.count else None
    return Page(found, total, more=len(rows) > query.offset + query.limit)


async def _placed(
    connection: AsyncConnection, tenant: str, query: Query, where: list[Condition]
) -> set[str]:
    """The entities that a geo-query means."""
    geo = query.geo
    assert geo is not None  # noqa: S101 - asked by the caller
    sqlite = connection.dialect.name == "sqlite"
    found = candidates(tenant, geo, geo.box, where, sqlite=sqlite).limit(MOST_ORDERED + 1)
    rows: Any = (await connection.execute(found)).all()
    if len(rows) > MOST_ORDERED:
        raise TooManyResults("Too many entities are there; ask for a smaller area or a type.")
    return set(matches(geo, rows))


def _columns(orders: Sequence[Order], context: Context) -> Select[Any]:
    """The id, and for each order what its key is made from."""
    found: list[Any] = [entities.c.id]
    for number, order in enumerate(orders):
        name = order.term.path[0]
        if len(order.term.path) == 1 and name in MEMBERS | COLUMNS.keys():
            column = {"id": "id", "type": "types", "scope": "scopes", **COLUMNS}[name]
            found.append(entities.c[column].label(f"c{number}"))
        else:
            found.append(entities.c.document[context.expand(name)].label(f"c{number}"))
    return select(*found)


def _sorted(rows: list[Any], number: int, order: Order, context: Context) -> list[Any]:
    """Stable, so that the order before is kept where this one leaves a choice."""
    values = [_value(row[number], order, context) for row in rows]
    keys = _distances(values, order) if order.reference else [_key(value) for value in values]
    # what is not there comes last either way
    there = [i for i in range(len(rows)) if keys[i][0] != _ABSENT]
    absent = [i for i in range(len(rows)) if keys[i][0] == _ABSENT]
    there.sort(key=keys.__getitem__, reverse=order.descending)
    return [rows[i] for i in (*there, *absent)]


_MISSING: Final = object()


def _value(held: Any, order: Order, context: Context) -> Any:
    """What a path leads to: the default instance's value, or the first where there is none."""
    if len(order.term.path) == 1 and order.term.path[0] in MEMBERS | COLUMNS.keys():
        return held[0] if isinstance(held, list) and held else held or _MISSING
    for name in order.term.path[1:]:
        instance = _default(held)
        if name in METADATA:
            return instance.get(name, _MISSING)
        held = instance.get(context.expand(name))
    instance = _default(held)
    value = instance.get(VALUE_OF.get(instance.get("type", ""), ""), _MISSING)
    for member in order.term.members:
        value = value.get(member, _MISSING) if isinstance(value, dict) else _MISSING
    if isinstance(value, dict) and "@value" in value:
        return value["@value"]
    return value


def _default(instances: Any) -> dict[str, Any]:
    if not isinstance(instances, list) or not instances:
        return {}
    found: dict[str, Any] = next((i for i in instances if "datasetId" not in i), instances[0])
    return found


def _key(value: Any) -> Key:
    if value is _MISSING:
        return _ABSENT, 0
    if value is None:
        return _NULL, 0
    if isinstance(value, bool):
        return _BOOLEAN, value
    if isinstance(value, int | float):
        return _NUMBER, value
    if isinstance(value, str):
        return _text_key(value)
    # neither has an order of its own
    return (_OBJECT, 0) if isinstance(value, dict) else (_ARRAY, len(value))


def _text_key(value: str) -> Key:
    for pattern, rank in ((_MOMENT, _INSTANT), (_DATE, _DAY), (_TIME, _TIME_OF_DAY)):
        if pattern.fullmatch(value):
            return rank, value.rstrip("Z").replace(",", ".")
    return _TEXT, collation_key(value)


def collation_key(text: str) -> tuple[str, str, str]:
    """Sorts as the root collation does, but for the order of scripts and signs among themselves.

    Letters first, then their accents, then their case, lower before upper (UTS #10 §1.1).
    """
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return letters.casefold(), decomposed.casefold(), text.swapcase()


def _distances(values: list[Any], order: Order) -> list[Key]:
    """Metres where the value is a geometry; what is none comes behind, by its value."""
    assert order.reference is not None  # noqa: S101 - asked by the caller
    keys = [_key(value) for value in values]
    placed = [i for i, value in enumerate(values) if is_sound(value)]
    metres = metres_between(shape(order.reference), shapes([as_wkb(values[i]) for i in placed]))
    for index, distance in zip(placed, metres.tolist(), strict=True):
        keys[index] = (_DISTANCE, distance)
    return keys
