"""What an update makes of an entity: pure functions from what was, and what was sent, to what is.

Those of one attribute are in :mod:`~services.broker.context.attribute_mutations`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from services.broker.context import merging
from services.broker.context.kinds import Attributes, Instance, dataset, is_null
from services.broker.context.model import ContextEntity, Fragment
from services.broker.context.stamping import (
    changed,
    replaced_attributes,
    stamped,
    with_instances,
)


@dataclass(frozen=True, slots=True)
class Common:
    """What a merge says for all its attributes (§6.5.3.4).

    Attributes:
        observed: RFC 3339; for attributes that had an ``observedAt`` and bring none; or empty.
        lang: of texts that come alone where there is a languageMap; or empty.
    """

    observed: str = ""
    lang: str = ""


def created(entity: ContextEntity, now: str) -> ContextEntity:
    """A new entity, its times set."""
    attributes = replaced_attributes({}, entity.attributes, now)
    return replace(entity, attributes=attributes, created=now, modified=now)


def replaced(old: ContextEntity, new: Fragment, now: str) -> ContextEntity:
    """The entity with ``new`` in place of all that it was (§5.6.18)."""
    attributes = replaced_attributes(old.attributes, new.attributes, now)
    whole = replace(new, scopes=new.scopes or (), expires=new.expires or "")
    return changed(old, new.types or old.types, attributes, whole, now)


def appended(
    old: ContextEntity, fragment: Fragment, now: str, *, overwrite: bool = True
) -> ContextEntity:
    """The entity with attributes added, those that are there overwritten or kept (§5.6.3)."""
    attributes = dict(old.attributes)
    for name, instances in fragment.attributes.items():
        there = attributes.get(name, [])
        taken = instances if overwrite else _missing(there, instances)
        if taken:
            attributes[name] = with_instances(there, taken, now)
    if not overwrite and fragment.scopes:
        scopes = tuple(dict.fromkeys((*old.scope, *fragment.scopes)))
        fragment = replace(fragment, scopes=scopes)
    return changed(old, _joined(old.types, fragment.types), attributes, fragment, now)


def kept(old: ContextEntity, fragment: Fragment) -> dict[str, bool]:
    """The attributes of which an append without overwriting leaves something as it was.

    Returns:
        Expanded name → whether something else of it, under another datasetId, is added.
    """
    found = {}
    for name, instances in fragment.attributes.items():
        missing = _missing(old.attributes.get(name, []), instances)
        if len(missing) < len(instances):
            found[name] = bool(missing)
    return found


def updated(old: ContextEntity, fragment: Fragment, now: str) -> ContextEntity:
    """The entity with attributes replaced, added, or removed by null (§5.6.2)."""
    attributes = dict(old.attributes)
    for name, instances in fragment.attributes.items():
        left = attributes.get(name, [])
        if fragment.has_null:
            gone = {dataset(instance) for instance in instances if is_null(instance)}
            left = [i for i in left if dataset(i) not in gone]
            instances = [i for i in instances if not is_null(i)]
        new = [merging.completed(i, removes=fragment.has_null) for i in instances]
        _put(attributes, name, with_instances(left, new, now))
    if fragment.scopes is not None and not old.scope:
        fragment = replace(fragment, scopes=None)  # §5.6.2.4: only one that is there is replaced
    return changed(old, _joined(old.types, fragment.types), attributes, fragment, now)


def merged(
    old: ContextEntity, fragment: Fragment, now: str, common: Common = Common()
) -> ContextEntity:
    """The entity merged with a fragment, in which ``urn:ngsi-ld:null`` removes (§5.6.17)."""
    attributes = dict(old.attributes)
    for name, instances in fragment.attributes.items():
        there = {dataset(instance): instance for instance in attributes.get(name, [])}
        for new in instances:
            key = dataset(new)
            if is_null(new):
                there.pop(key, None)
            else:
                there[key] = _merged(there.get(key), new, fragment, common, now)
        _put(attributes, name, list(there.values()))
    return changed(old, _joined(old.types, fragment.types), attributes, fragment, now)


def _merged(
    old: Instance | None, new: Instance, fragment: Fragment, common: Common, now: str
) -> Instance:
    if old is None:
        return stamped(None, merging.completed(new), now)
    result = merging.merged(old, new, fragment.context, common.lang)
    if common.observed and "observedAt" in old and "observedAt" not in new:
        result["observedAt"] = common.observed
    return stamped(old, result, now)


def _put(attributes: Attributes, name: str, instances: list[Instance]) -> None:
    if instances:
        attributes[name] = instances
    else:
        attributes.pop(name, None)


def reduced(old: ContextEntity, names: Collection[str], now: str) -> ContextEntity:
    """The entity with only those of its attributes that are named (§5.6.21)."""
    attributes = {name: i for name, i in old.attributes.items() if name in names}
    return changed(old, old.types, attributes, Fragment((), {}), now)


def _missing(there: Iterable[Instance], new: Iterable[Instance]) -> list[Instance]:
    taken = {dataset(instance) for instance in there}
    return [instance for instance in new if dataset(instance) not in taken]


def _joined(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return old if old == new else tuple(dict.fromkeys((*old, *new)))
