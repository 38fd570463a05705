"""What becomes of times when an entity changes: who says the same again changes nothing.

An instance that an update does not change keeps its ``modifiedAt``, and nobody is told of it.
"""

from __future__ import annotations

from dataclasses import replace

from services.broker.context.kinds import STAMPS, Attributes, Instance, dataset
from services.broker.context.model import ContextEntity, Fragment


def changed(
    old: ContextEntity, types: tuple[str, ...], attributes: Attributes, said: Fragment, now: str
) -> ContextEntity:
    """The entity with what it has now: ``old`` itself where that is the same.

    Args:
        said: what an update says of the entity's scopes and of its end.
    """
    scopes = old.scope if said.scopes is None else said.scopes
    expires = old.expires if said.expires is None else said.expires
    same = (types, scopes, expires) == (old.types, old.scope, old.expires)
    if same and not changed_names(old.attributes, attributes):
        return old
    return replace(
        old, types=types, attributes=attributes, modified=now, scope=scopes, expires=expires
    )


def replaced_attributes(old: Attributes, new: Attributes, now: str) -> Attributes:
    """``new``, with the times of those instances that were there before."""
    found = {}
    for name, instances in new.items():
        there = {dataset(instance): instance for instance in old.get(name, [])}
        found[name] = [stamped(there.get(dataset(i)), i, now) for i in instances]
    return found


def with_instances(old: list[Instance], new: list[Instance], now: str) -> list[Instance]:
    """``old`` with the instances of ``new`` in place of those with the same datasetId."""
    result = {dataset(instance): instance for instance in old}
    for instance in new:
        key = dataset(instance)
        result[key] = stamped(result.get(key), instance, now)
    return list(result.values())


def stamped(old: Instance | None, new: Instance, now: str) -> Instance:
    """``new`` with its times; ``old`` itself where it says the same."""
    if old is not None and _content(old) == _content(new):
        return old
    since = old.get("createdAt", now) if old else now
    return {**new, "createdAt": since, "modifiedAt": now}


def _content(instance: Instance) -> Instance:
    return {k: v for k, v in instance.items() if k not in STAMPS}


def _same_all(old: list[Instance], new: list[Instance]) -> bool:
    return [_content(i) for i in old] == [_content(i) for i in new]


def changed_names(old: Attributes, new: Attributes) -> list[str]:
    """The attributes that differ, removed ones among them."""
    return sorted(
        name
        for name in old.keys() | new.keys()
        if not _same_all(old.get(name, []), new.get(name, []))
    )
