"""Entities as they go out: normalized, concise or simplified (GS CIM 009 §4.5)."""

from __future__ import annotations

from typing import Any

from schemas.ngsild import is_geometry
from services.broker.context.kinds import (
    KIND_OF,
    RELATIONSHIPS,
    SYSTEM,
    VALUE_OF,
    Instance,
    dataset,
)
from services.broker.context.model import ContextEntity
from services.broker.context.notation import is_multi
from services.broker.context.scopes import shown
from services.broker.context.view import Form, View

__all__ = ["NORMALIZED", "Form", "View", "represent"]

NORMALIZED = View()


def represent(entity: ContextEntity, view: View = NORMALIZED) -> dict[str, Any]:
    """The entity as JSON, names compacted by the view's context."""
    compact = view.context.compact
    found = _own_members(entity, view)
    whole = view.is_whole
    for name, instances in entity.attributes.items():
        if whole or view.shows(name):
            if view.datasets is not None:
                instances = [i for i in instances if dataset(i) in view.datasets]
            if instances:
                found[compact(name)] = _attribute(instances, view)
    return found


def _own_members(entity: ContextEntity, view: View) -> dict[str, Any]:
    """What is no attribute."""
    types = [view.context.compact(name) for name in entity.types]
    found: dict[str, Any] = {"id": entity.id, "type": types[0] if len(types) == 1 else types}
    if entity.scope:
        found["scope"] = shown(entity.scope)
    if view.system:
        found |= {"createdAt": entity.created, "modifiedAt": entity.modified}
        if entity.expires:
            found["expiresAt"] = entity.expires
    return found if view.is_whole else {k: v for k, v in found.items() if view.shows(k)}


def _attribute(instances: list[Instance], view: View) -> Any:
    if view.form == "keyValues":
        return _simplified(instances, view)
    shown = [_instance(instance, view) for instance in instances]
    if view.form == "concise":
        shown = [_concise(instance) for instance in shown]
    return shown[0] if len(shown) == 1 else shown


def _instance(instance: Instance, view: View) -> Instance:
    """Normalized (§4.5.2.2)."""
    found: Instance = {}
    for name, member in instance.items():
        if ":" in name:
            found[view.context.compact(name)] = _attribute(member, view)
        elif name not in SYSTEM or view.system:
            found[name] = member
    return _in_words(found, view)


def _in_words(found: Instance, view: View) -> Instance:
    """What is kept as an IRI in the terms of the view's context, and in its language."""
    kind = found["type"]
    if kind == "VocabProperty":
        found["vocab"] = _compacted(found["vocab"], view)
    elif kind in RELATIONSHIPS and "objectType" in found:
        found["objectType"] = _compacted(found["objectType"], view)
    elif kind == "LanguageProperty" and view.lang and found["languageMap"]:
        tag, text = view.lang.choose(found.pop("languageMap"))
        return {**found, "type": "Property", "value": text, "lang": tag}
    if "valueType" in found:
        found["valueType"] = view.context.compact(found["valueType"])
    return found


def _compacted(value: str | list[str], view: View) -> str | list[str]:
    compact = view.context.compact_vocab
    return compact(value) if isinstance(value, str) else [compact(item) for item in value]


def _concise(instance: Instance) -> Any:
    """§4.5.2.3, §4.7.3: a value with nothing beside it stands alone, its kind is not named."""
    kind = instance.pop("type")
    holder = VALUE_OF[kind]
    value = instance[holder]
    if kind == "Property" and (is_geometry(value) or is_multi(value)):
        return {"type": kind, **instance}  # would be read as something else
    if kind == "ListRelationship":
        instance[holder] = [item["object"] for item in value]
    if holder == "value" and len(instance) == 1 and not _is_ambiguous(kind, value):
        return value
    return instance


def _is_ambiguous(kind: str, value: Any) -> bool:
    """An object that would be read as an attribute when it stood alone."""
    return (
        kind == "Property"
        and isinstance(value, dict)
        and ("type" in value or not KIND_OF.keys().isdisjoint(value))
    )


def _simplified(instances: list[Instance], view: View) -> Any:
    """§4.5.4."""
    if len(instances) == 1:
        return _simple(instances[0], view)
    return {"dataset": {dataset(i) or "@none": _simple(i, view) for i in instances}}


def _simple(instance: Instance, view: View) -> Any:
    kind = instance["type"]
    holder = VALUE_OF[kind]
    value = instance[holder]
    if kind == "LanguageProperty" and view.lang and value:
        return view.lang.choose(value)[1]
    if kind == "VocabProperty":
        value = _compacted(value, view)
    if kind == "ListRelationship":
        return [item["object"] for item in value]
    return {holder: value} if holder in ("languageMap", "vocab", "json") else value
