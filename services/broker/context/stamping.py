"""What becomes of times when an entity changes: who says the same again changes nothing.

An instance that an update does not change keeps its ``modifiedAt``, and nobody is told of it.
"""

from __future__ import annotations

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
    if same and old.attributes == attributes:
        return old
    return ContextEntity(old.id, types, attributes, old.created, now, scopes, expires)


def replaced_attributes(old: Attributes, new: Attributes, now: str) -> Attributes:
    """``new``, with the times of those instances that were there before."""
    return {name: _restamped(old.get(name), instances, now) for name, instances in new.items()}


def _restamped(old: list[Instance] | None, new: list[Instance], now: str) -> list[Instance]:
    if not old:
        return [stamped(None, instance, now) for instance in new]
    there = {dataset(instance): instance for instance in old}
    return [stamped(there.get(dataset(instance)), instance, now) for instance in new]


def with_instances(old: list[Instance], new: list[Instance], now: str) -> list[Instance]:
    """``old`` with the instances of ``new`` in place of those with the same datasetId.

    ``old`` itself where that says the same.
    """
    if len(old) == len(new) == 1 and dataset(old[0]) == dataset(new[0]):  # most are like that
        only = stamped(old[0], new[0], now)
        return old if only is old[0] else [only]
    result = {dataset(instance): instance for instance in old}
    for instance in new:
        key = dataset(instance)
        result[key] = stamped(result.get(key), instance, now)
    return list(result.values())


def stamped(old: Instance | None, new: Instance, now: str) -> Instance:
    """``new`` with its times; ``old`` itself where it says the same."""
    if old is None:
        return {**new, "createdAt": now, "modifiedAt": now}
    found = new.copy()
    for name in STAMPS:
        if name in old:
            found[name] = old[name]
    if found == old:
        return old
    found["modifiedAt"] = now
    return found


def changed_names(old: Attributes, new: Attributes) -> list[str]:
    """The attributes that differ, removed ones among them; what is :func:`stamped` is compared."""
    names = [name for name, instances in new.items() if old.get(name) != instances]
    return sorted([*names, *(name for name in old if name not in new)])
