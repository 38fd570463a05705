"""What a change of one attribute makes of its entity (GS CIM 009 §5.6.4, §5.6.5, §5.6.19)."""

from __future__ import annotations

from services.broker.context import merging
from services.broker.context.errors import BadRequestData, ResourceNotFound
from services.broker.context.kinds import Instance, dataset, is_null
from services.broker.context.model import ContextEntity, Fragment
from services.broker.context.stamping import changed, with_instances


def patched(old: ContextEntity, name: str, new: Instance, now: str) -> ContextEntity:
    """The entity with members of one attribute instance changed (§5.6.4).

    Raises:
        ResourceNotFound: it has no such instance.
        BadRequestData: the instance is of another kind.
    """
    before = instance_of(old, name, dataset(new))
    if is_null(new):
        return without(old, name, dataset(new), now)
    if new["type"] != before["type"]:
        raise BadRequestData(f"/type: the attribute is a {before['type']}, and stays one.")
    return _with_instance(old, name, merging.patched(before, new), now)


def replaced(old: ContextEntity, name: str, new: Instance, now: str) -> ContextEntity:
    """The entity with one attribute instance replaced (§5.6.19).

    Raises:
        ResourceNotFound: it has no such instance.
    """
    instance_of(old, name, dataset(new))
    return _with_instance(old, name, new, now)


def instance_of(entity: ContextEntity, name: str, dataset_id: str) -> Instance:
    """The instance of an attribute with this datasetId; ``""`` for the default instance.

    Raises:
        ResourceNotFound: there is none.
    """
    for instance in entity.attributes.get(name, []):
        if dataset(instance) == dataset_id:
            return instance
    raise ResourceNotFound(f"{entity.id} has no {dataset_id or 'default'} instance of {name}.")


def without(old: ContextEntity, name: str, dataset_id: str | None, now: str) -> ContextEntity:
    """The entity without an attribute, or without one instance of it (§5.6.5).

    Args:
        dataset_id: the instance's datasetId; ``""`` the one without, None all.
    """
    attributes = dict(old.attributes)
    there = attributes.pop(name, [])
    left = [i for i in there if dataset_id is not None and dataset(i) != dataset_id]
    if left:
        attributes[name] = left
    return changed(old, old.types, attributes, Fragment((), {}), now)


def without_scopes(old: ContextEntity, now: str) -> ContextEntity:
    """The entity without its scopes (§5.6.5.4)."""
    return changed(old, old.types, old.attributes, Fragment((), {}, scopes=()), now)


def _with_instance(old: ContextEntity, name: str, new: Instance, now: str) -> ContextEntity:
    attributes = {**old.attributes, name: with_instances(old.attributes[name], [new], now)}
    return changed(old, old.types, attributes, Fragment((), {}), now)
