"""Entities as they go out: normalized, concise or simplified (GS CIM 009 §4.5)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from services.broker.context.attributes import METADATA, VALUE_OF, Instance
from services.broker.context.jsonld import CORE, Context
from services.broker.context.model import ContextEntity

Form = Literal["normalized", "concise", "keyValues"]


@dataclass(frozen=True, slots=True)
class View:
    """How a caller wants entities.

    Attributes:
        attributes: expanded names to show; all when empty.
        system: with ``createdAt`` and ``modifiedAt``.
    """

    form: Form = "normalized"
    attributes: Collection[str] = ()
    system: bool = False
    context: Context = CORE


NORMALIZED = View()


def represent(entity: ContextEntity, view: View = NORMALIZED) -> dict[str, Any]:
    """The entity as JSON, names compacted by the view's context."""
    compact = view.context.compact
    types = [compact(name) for name in entity.types]
    found: dict[str, Any] = {"id": entity.id, "type": types[0] if len(types) == 1 else types}
    if view.system:
        found |= {"createdAt": entity.created, "modifiedAt": entity.modified}
    for name, instances in entity.attributes.items():
        if not view.attributes or name in view.attributes:
            found[compact(name)] = _attribute(instances, view)
    return found


def _attribute(instances: list[Instance], view: View) -> Any:
    if view.form == "keyValues":
        values = [_simple(instance) for instance in instances]
        datasets = [str(instance.get("datasetId", "@none")) for instance in instances]
        return (
            values[0] if len(values) == 1 else {"dataset": dict(zip(datasets, values, strict=True))}
        )
    shown = [_instance(instance, view) for instance in instances]
    return shown[0] if len(shown) == 1 else shown


def _simple(instance: Instance) -> Any:
    kind = instance["type"]
    value = instance[VALUE_OF[kind]]
    return value if VALUE_OF[kind] in ("value", "object") else {VALUE_OF[kind]: value}


def _instance(instance: Instance, view: View) -> Any:
    holder = VALUE_OF[instance["type"]]
    found: dict[str, Any] = {}
    for name, member in instance.items():
        if name in ("createdAt", "modifiedAt") and not view.system:
            continue
        if name == "type" and view.form == "concise":
            continue
        is_ours = name in METADATA or name in ("type", holder)
        found[name if is_ours else view.context.compact(name)] = (
            member if is_ours else _attribute(member, view)
        )
    # concise (§4.5.3): a value with nothing beside it stands alone
    bare = view.form == "concise" and holder == "value" and list(found) == ["value"]
    return found["value"] if bare and not _ambiguous(found["value"]) else found


def _ambiguous(value: Any) -> bool:
    """An object that would be read as something else when it stood alone."""
    return isinstance(value, dict) and bool({"type", *VALUE_OF.values()} & value.keys())
