"""What became of an entity, with as much of what was before as somebody may ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from services.broker.context.attributes import Attributes, Instance
from services.broker.context.model import ContextEntity
from services.broker.context.rows import Change


@dataclass(frozen=True, slots=True)
class EntityChange:
    """One change of one entity.

    Attributes:
        kind: ``created``, ``updated`` or ``deleted``.
        entity: afterwards; as it last was when it is deleted.
        before: of the attributes that changed, the instances before; nothing of new ones.
        names: the attributes that changed; all of a new or deleted entity.
        at: RFC 3339.
    """

    kind: str
    entity: ContextEntity
    before: Attributes
    names: tuple[str, ...]
    at: str

    def happened(self) -> Iterable[tuple[str, str]]:
        """Each kind of change of each attribute (§5.2.12, notificationTrigger)."""
        if self.kind == "deleted":
            return
        for name in self.names:
            old = _by_dataset(self.before.get(name, ()))
            new = _by_dataset(self.entity.attributes.get(name, ()))
            if new.keys() - old.keys():
                yield "attributeCreated", name
            if old.keys() - new.keys():
                yield "attributeDeleted", name
            if any(old[dataset] != new[dataset] for dataset in old.keys() & new.keys()):
                yield "attributeUpdated", name

    def gone(self) -> Iterable[tuple[str, Instance]]:
        """The instances that were deleted, each with its attribute's name."""
        for name in self.names:
            new = _by_dataset(self.entity.attributes.get(name, ()))
            for instance in self.before.get(name, ()):
                if instance.get("datasetId", "") not in new:
                    yield name, instance

    def followed_by(self, later: EntityChange) -> EntityChange | None:
        """Both as one; None when the entity came and went."""
        if later.kind == "deleted":
            return None if self.kind == "created" else replace(later, before={})
        if self.kind == "deleted":  # it went, and came again
            before = self.entity.attributes
            names = tuple(sorted(before.keys() | later.entity.attributes.keys()))
            return EntityChange("updated", later.entity, before, names, later.at)
        before = {**later.before, **self.before}
        for name in set(later.before) - set(self.before):
            if name in self.names:
                del before[name]  # it was new in the first change
        names = tuple(sorted({*self.names, *later.names}))
        return EntityChange(self.kind, later.entity, before, names, later.at)


def _by_dataset(instances: Iterable[Instance]) -> dict[str, Instance]:
    return {str(instance.get("datasetId", "")): instance for instance in instances}


def noted(change: Change, at: str) -> EntityChange:
    """What is worth keeping of a change in the store."""
    before = change.old.attributes if change.old else {}
    names = tuple(change.names)
    kept = {} if change.new is None else {n: before[n] for n in names if n in before}
    return EntityChange(change.kind, change.entity, kept, names, at)


def dumped(changes: Iterable[EntityChange]) -> bytes:
    return orjson.dumps([_as_json(change) for change in changes])


def loaded(body: bytes) -> list[EntityChange]:
    return [_from_json(found) for found in orjson.loads(body)]


def _as_json(change: EntityChange) -> dict[str, Any]:
    entity = change.entity
    return {
        "kind": change.kind,
        "id": entity.id,
        "types": entity.types,
        "attributes": entity.attributes,
        "created": entity.created,
        "modified": entity.modified,
        "scope": entity.scope,
        "expires": entity.expires,
        "before": change.before,
        "names": change.names,
        "at": change.at,
    }


def _from_json(found: Mapping[str, Any]) -> EntityChange:
    entity = ContextEntity(
        found["id"],
        tuple(found["types"]),
        found["attributes"],
        found["created"],
        found["modified"],
        tuple(found["scope"]),
        found["expires"],
    )
    return EntityChange(found["kind"], entity, found["before"], tuple(found["names"]), found["at"])
