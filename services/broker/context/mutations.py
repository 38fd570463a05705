"""What an update makes of an entity: pure functions from what was, and what was sent, to what is.

An instance that an update does not change keeps its ``modifiedAt``: saying the same again is no
change, and nobody is told of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.broker.context.attributes import NULL, VALUE_OF, Attributes, Instance
from services.broker.context.model import ContextEntity, Fragment


def created(entity: ContextEntity, now: str) -> ContextEntity:
    """A new entity, its times set."""
    attributes = _replaced({}, entity.attributes, now)
    return replace(entity, attributes=attributes, created=now, modified=now)


def replaced(
    old: ContextEntity, types: tuple[str, ...], new: Attributes, now: str
) -> ContextEntity:
    """The entity with ``new`` in place of all its attributes (§5.6.18)."""
    return _changed(old, types or old.types, _replaced(old.attributes, new, now), now)


def appended(
    old: ContextEntity, fragment: Fragment, now: str, *, overwrite: bool = True
) -> ContextEntity:
    """The entity with attributes added, those that are there overwritten or kept (§5.6.3)."""
    attributes = dict(old.attributes)
    for name, instances in fragment.attributes.items():
        if name not in attributes or overwrite:
            attributes[name] = _with(attributes.get(name, []), instances, now)
    return _changed(old, _joined(old.types, fragment.types), attributes, now)


def updated(old: ContextEntity, fragment: Fragment, now: str) -> ContextEntity:
    """The entity with those attributes changed that it has; others are not added (§5.6.2)."""
    known = {n: i for n, i in fragment.attributes.items() if n in old.attributes}
    return appended(old, replace(fragment, attributes=known), now)


def merged(old: ContextEntity, fragment: Fragment, now: str) -> ContextEntity:
    """The entity merged with a fragment, in which ``urn:ngsi-ld:null`` removes (§5.6.17)."""
    attributes = dict(old.attributes)
    for name, instances in fragment.attributes.items():
        there = {_dataset(instance): instance for instance in attributes.get(name, [])}
        patched = [_merge_instance(there.get(_dataset(i)), i) for i in instances]
        kept = [i for i in patched if i is not None]
        gone = {_dataset(i) for i, result in zip(instances, patched, strict=True) if result is None}
        left = [i for i in attributes.get(name, []) if _dataset(i) not in gone]
        attributes[name] = _with(left, kept, now)
    attributes = {name: instances for name, instances in attributes.items() if instances}
    return _changed(old, _joined(old.types, fragment.types), attributes, now)


def without(old: ContextEntity, name: str, dataset: str | None, now: str) -> ContextEntity:
    """The entity without an attribute, or without one instance of it (§5.6.5).

    Args:
        dataset: the instance's datasetId; ``""`` the one without, None all.
    """
    attributes = dict(old.attributes)
    left = [i for i in attributes.pop(name, []) if dataset is not None and _dataset(i) != dataset]
    if left:
        attributes[name] = left
    return _changed(old, old.types, attributes, now)


def changed_names(old: Attributes, new: Attributes) -> list[str]:
    """The attributes that differ, removed ones among them."""
    return sorted(
        name
        for name in old.keys() | new.keys()
        if not _same_all(old.get(name, []), new.get(name, []))
    )


def _changed(
    old: ContextEntity, types: tuple[str, ...], attributes: Attributes, now: str
) -> ContextEntity:
    if types == old.types and not changed_names(old.attributes, attributes):
        return old
    return replace(old, types=types, attributes=attributes, modified=now)


def _replaced(old: Attributes, new: Attributes, now: str) -> Attributes:
    found = {}
    for name, instances in new.items():
        there = {_dataset(instance): instance for instance in old.get(name, [])}
        found[name] = [_stamped(there.get(_dataset(i)), i, now) for i in instances]
    return found


def _with(old: list[Instance], new: list[Instance], now: str) -> list[Instance]:
    """``old`` with the instances of ``new`` in place of those with the same datasetId."""
    result = {_dataset(instance): instance for instance in old}
    for instance in new:
        key = _dataset(instance)
        result[key] = _stamped(result.get(key), instance, now)
    return list(result.values())


def _stamped(old: Instance | None, new: Instance, now: str) -> Instance:
    if old is not None and _content(old) == _content(new):
        return old
    since = old.get("createdAt", now) if old else now
    return {**new, "createdAt": since, "modifiedAt": now}


def _merge_instance(old: Instance | None, new: Instance) -> Instance | None:
    holder = VALUE_OF[new["type"]]
    if new[holder] == NULL:
        return None
    if old is None or old["type"] != new["type"]:
        return new
    changes = {k: v for k, v in new.items() if k not in ("createdAt", "modifiedAt")}
    result = {**_content(old), **changes, holder: _merge_json(old[holder], new[holder])}
    return {name: value for name, value in result.items() if not _is_removal(value)}


def _is_removal(value: Any) -> bool:
    return value == NULL or (
        isinstance(value, list)
        and len(value) == 1
        and isinstance(value[0], dict)
        and value[0].get("value") == NULL
    )


def _merge_json(old: Any, new: Any) -> Any:
    """JSON Merge Patch (RFC 7396), with ``urn:ngsi-ld:null`` where it has null."""
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    result = {**old, **{key: _merge_json(old.get(key), value) for key, value in new.items()}}
    return {key: value for key, value in result.items() if value != NULL}


def _dataset(instance: Mapping[str, Any]) -> str:
    return str(instance.get("datasetId", ""))


def _content(instance: Instance) -> Instance:
    return {k: v for k, v in instance.items() if k not in ("createdAt", "modifiedAt")}


def _same_all(old: list[Instance], new: list[Instance]) -> bool:
    return [_content(i) for i in old] == [_content(i) for i in new]


def _joined(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *new)))
