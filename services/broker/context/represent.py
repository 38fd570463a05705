"""Entities as they go out: normalized, concise or simplified (GS CIM 009 §4.5)."""

from __future__ import annotations

from typing import Any, Final

from schemas.ngsild import is_geometry
from services.broker.context.kinds import (
    HOLDERS,
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
_MARKS: Final = frozenset(("type", *HOLDERS))
"""By one of these members an object is read as an attribute."""

_OF_WORDS: Final = frozenset(("VocabProperty", "LanguageProperty"))


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
    if len(shown) == 1:
        return _bare(_concise(shown[0])) if view.form == "concise" else shown[0]
    return [_concise(instance) for instance in shown] if view.form == "concise" else shown


def _instance(instance: Instance, view: View) -> Instance:
    """Normalized (§4.5.2.2)."""
    stamped = "createdAt" in instance and "modifiedAt" in instance
    if stamped and len(instance) == 4 and not view.system:
        kind = instance["type"]  # most have nothing but what they hold and their times
        found = {"type": kind, VALUE_OF[kind]: instance[VALUE_OF[kind]]}
        return _in_words(found, view) if kind in _OF_WORDS else found
    found = instance.copy()
    if not view.system:
        for name in SYSTEM:
            found.pop(name, None)
    if len(found) > 2:  # more than its kind and what it holds
        for name in [name for name in found if ":" in name]:
            found[view.context.compact(name)] = _attribute(found.pop(name), view)
        _shorten(found, view)
    return _in_words(found, view) if found["type"] in _OF_WORDS else found


def _shorten(found: Instance, view: View) -> None:
    """The types that it names, kept as IRIs, in the terms of the view's context."""
    for name in ("objectType", "valueType"):
        if name in found:
            found[name] = _compacted(found[name], view)


def _in_words(found: Instance, view: View) -> Instance:
    """In the terms of the view's context, and in its language (§4.15)."""
    if found["type"] == "VocabProperty":
        found["vocab"] = _compacted(found["vocab"], view)
    elif view.lang and found["languageMap"]:
        tag, text = view.lang.choose(found.pop("languageMap"))
        return {**found, "type": "Property", "value": text, "lang": tag}
    return found


def _compacted(value: str | list[str], view: View) -> str | list[str]:
    compact = view.context.compact_vocab
    return compact(value) if isinstance(value, str) else [compact(item) for item in value]


def _concise(instance: Instance) -> Instance:
    """§4.5.2.3: without its kind, where its members show that."""
    kind = instance["type"]
    value = instance[VALUE_OF[kind]]
    if kind == "Property" and is_geometry(value):
        return instance  # without its kind it would be a GeoProperty
    del instance["type"]
    if kind == "ListRelationship":
        instance["objectList"] = [item["object"] for item in value]
    return instance


def _bare(instance: Instance) -> Any:
    """§4.5.2.3, §4.7.3: a value with nothing beside it stands alone, if it can only be read so."""
    if len(instance) > 1 or "value" not in instance:
        return instance
    value = instance["value"]
    if isinstance(value, dict):
        looks_like_more = not is_geometry(value) and not _MARKS.isdisjoint(value)
    else:
        looks_like_more = is_multi(value)
    return instance if looks_like_more else value


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
