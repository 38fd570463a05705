"""Linked entities, fetched level by level and put beside or into those that link to them.

GS CIM 009 §4.5.23. An entity that was met before is not given again, so that circles end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from services.broker.context.attributes import Instance
from services.broker.context.entities import Entities
from services.broker.context.errors import TooManyResults
from services.broker.context.linked import Join
from services.broker.context.model import ContextEntity
from services.broker.context.params import Params
from services.broker.context.represent import View, represent

_MOST_LINKED: Final = 5000


async def flattened(
    store: Entities, entities: Sequence[ContextEntity], join: Join, params: Params
) -> list[ContextEntity]:
    """The entities, and behind them those that they link to (§4.5.23.3).

    Raises:
        TooManyResults: they link to more than one answer holds.
    """
    found = list(entities)
    met = {entity.id for entity in entities} | join.known
    level = found
    for _ in range(join.levels):
        fetched = await _fetch(store, level, met, params)
        level = list(fetched.values())
        found += level
        met |= fetched.keys()
        if not level:
            break
    return found


async def inlined(
    store: Entities,
    entities: Sequence[ContextEntity],
    shown: list[dict[str, Any]],
    join: Join,
    params: Params,
    view: View,
) -> None:
    """Put into what is shown of entities the entities that they link to (§4.5.23.2).

    Raises:
        TooManyResults: they link to more than one answer holds.
    """
    level = list(zip(entities, shown, strict=True))
    met = {entity.id for entity in entities} | join.known
    for _ in range(join.levels):
        fetched = await _fetch(store, [entity for entity, _ in level], met, params)
        level = [
            pair for entity, json in level for pair in _put_in(entity, json, fetched, view, params)
        ]
        met |= fetched.keys()
        if not level:
            break


async def _fetch(
    store: Entities, level: Sequence[ContextEntity], met: set[str] | frozenset[str], params: Params
) -> dict[str, ContextEntity]:
    ids = dict.fromkeys(
        id_
        for entity in level
        for instances in entity.attributes.values()
        for instance in instances
        for id_ in objects(instance)
        if id_ not in met
    )
    if len(ids) + len(met) > _MOST_LINKED:
        raise TooManyResults(f"More than {_MOST_LINKED} entities are linked; ask for fewer.")
    found = await store.many(list(ids), personal=params.personal, tenant=params.tenant)
    return {id_: found[id_] for id_ in ids if id_ in found}


def objects(instance: Instance) -> Iterator[str]:
    """The entities that an instance of a relationship names."""
    kind = instance.get("type")
    if kind == "Relationship":
        held = instance["object"]
        named = held if isinstance(held, list) else [held]
        yield from (id_ for id_ in named if isinstance(id_, str))
    elif kind == "ListRelationship":
        named = [i.get("object") if isinstance(i, dict) else i for i in instance["objectList"]]
        yield from (id_ for id_ in named if isinstance(id_, str))


Pair = tuple[ContextEntity, dict[str, Any]]


def _put_in(
    entity: ContextEntity,
    json: dict[str, Any],
    fetched: dict[str, ContextEntity],
    view: View,
    params: Params,
) -> list[Pair]:
    """Put linked entities into one; what was put in, for the next level."""
    done: list[Pair] = []
    for name, instances in entity.attributes.items():
        key = params.context.compact(name)
        if key not in json or instances[0]["type"] not in ("Relationship", "ListRelationship"):
            continue
        if view.form == "keyValues":
            if len(instances) == 1:
                json[key] = _simplified(instances[0], json[key], fetched, view, done)
            continue
        there = json[key] if isinstance(json[key], list) else [json[key]]
        for instance, object_ in zip(instances, there, strict=False):
            _normalized(instance, object_, fetched, view, done)
    return done


def _show(entity: ContextEntity, view: View, done: list[Pair]) -> dict[str, Any]:
    json = represent(entity, view)
    done.append((entity, json))
    return json


def _normalized(
    instance: Instance,
    json: dict[str, Any],
    fetched: dict[str, ContextEntity],
    view: View,
    done: list[Pair],
) -> None:
    found = [_show(fetched[id_], view, done) for id_ in objects(instance) if id_ in fetched]
    if not found:
        return
    if instance["type"] == "ListRelationship":
        json["entityList"] = found
    else:
        json["entity"] = found if isinstance(instance["object"], list) else found[0]


def _simplified(
    instance: Instance,
    shown: Any,
    fetched: dict[str, ContextEntity],
    view: View,
    done: list[Pair],
) -> Any:
    """In place of each id, the entity; ids that lead nowhere stay."""
    found = [
        _show(fetched[id_], view, done) if id_ in fetched else id_ for id_ in objects(instance)
    ]
    if all(isinstance(item, str) for item in found):
        return shown
    single = instance["type"] == "Relationship" and not isinstance(instance["object"], list)
    return found[0] if single else found
