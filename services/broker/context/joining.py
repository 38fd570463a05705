"""Linked entities, fetched level by level and put beside or into those that link to them.

GS CIM 009 §4.5.23. An entity that was met before is not given again, so that circles end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from services.broker.context.entities import Entities
from services.broker.context.errors import TooManyResults
from services.broker.context.jsonld import Context
from services.broker.context.kinds import Instance
from services.broker.context.linked import Join
from services.broker.context.model import ContextEntity
from services.broker.context.represent import represent
from services.broker.context.view import View

_MOST_LINKED: Final = 5000
_LINKING: Final = frozenset(("Relationship", "ListRelationship"))


class Asked(Protocol):
    """For whom linked entities are fetched, as :class:`~services.broker.context.params.Params`."""

    @property
    def personal(self) -> bool: ...
    @property
    def tenant(self) -> str: ...
    @property
    def context(self) -> Context: ...


async def flattened(
    store: Entities, entities: Sequence[ContextEntity], join: Join, params: Asked
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
    store: Entities, entities: Sequence[ContextEntity], join: Join, params: Asked, view: View
) -> list[dict[str, Any]]:
    """The JSON of entities, and in it the entities that they link to (§4.5.23.2).

    Raises:
        TooManyResults: they link to more than one answer holds.
    """
    shown = [Shown(entity, represent(entity, view), view) for entity in entities]
    level = shown
    met = {entity.id for entity in entities} | join.known
    for _ in range(join.levels):
        fetched = await _fetch(store, [one.entity for one in level], met, params)
        level = [below for one in level for below in _put_in(one, fetched)]
        met |= fetched.keys()
        if not level:
            break
    return [one.json for one in shown]


async def _fetch(
    store: Entities, level: Sequence[ContextEntity], met: set[str] | frozenset[str], params: Asked
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


@dataclass(frozen=True, slots=True)
class Shown:
    """An entity as it is given, and how."""

    entity: ContextEntity
    json: dict[str, Any]
    view: View

    def below(self, name: str) -> View:
        """How the entities behind a relationship are wanted: as a projection says (§4.21)."""
        pick = self.view.pick.members.get(name) if self.view.pick else None
        omit = self.view.omit.members.get(name) if self.view.omit else None
        return replace(self.view, attributes=(), pick=pick, omit=omit)


def _put_in(one: Shown, fetched: dict[str, ContextEntity]) -> list[Shown]:
    """Put linked entities into one; what was put in, for the next level."""
    done: list[Shown] = []
    for name, instances in one.entity.attributes.items():
        key = one.view.context.compact(name)
        if key not in one.json or instances[0]["type"] not in _LINKING:
            continue
        view, held = one.below(name), one.json[key]
        if view.form == "keyValues":
            if len(instances) == 1:
                one.json[key] = _simplified(instances[0], held, fetched, view, done)
            continue
        there = held if isinstance(held, list) else [held]
        for instance in instances:
            for json in there:
                if isinstance(json, dict) and _is_same(instance, json):
                    _normalized(instance, json, fetched, view, done)
    return done


def _is_same(instance: Instance, json: dict[str, Any]) -> bool:
    """Whether a JSON object is what is shown of an instance."""
    return bool(instance.get("datasetId") == json.get("datasetId"))


def _show(entity: ContextEntity, view: View, done: list[Shown]) -> dict[str, Any]:
    found = Shown(entity, represent(entity, view), view)
    done.append(found)
    return found.json


def _normalized(
    instance: Instance,
    json: dict[str, Any],
    fetched: dict[str, ContextEntity],
    view: View,
    done: list[Shown],
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
    done: list[Shown],
) -> Any:
    """In place of each id, the entity; ids that lead nowhere stay."""
    found = [
        _show(fetched[id_], view, done) if id_ in fetched else id_ for id_ in objects(instance)
    ]
    if all(isinstance(item, str) for item in found):
        return shown
    single = instance["type"] == "Relationship" and not isinstance(instance["object"], list)
    return found[0] if single else found
