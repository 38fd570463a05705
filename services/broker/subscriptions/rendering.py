"""Entities as a notification shows them (GS CIM 009 §5.8.6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from services.broker.context.attributes import NULL, VALUE_OF, Attributes, Instance
from services.broker.context.jsonld import CORE, Context
from services.broker.context.model import ContextEntity
from services.broker.context.represent import Form, View, represent
from services.broker.subscriptions.changes import EntityChange
from services.broker.subscriptions.model import Subscription

_FORMS: Final[Mapping[str, Form]] = {
    "normalized": "normalized",
    "concise": "concise",
    "simplified": "keyValues",
    "keyValues": "keyValues",
}
_DEFAULT: Final = "@none"
_OWN: Final = frozenset(("id", "type", "scope"))


class Rendering:
    """How one subscription shows entities.

    Args:
        context: compacts names.
    """

    def __init__(self, subscription: Subscription, context: Context) -> None:
        wanted = subscription.notification
        self._datasets = subscription.datasets
        self._context = context
        self._form: Form = _FORMS[wanted.get("format", "normalized")]
        self._system = bool(wanted.get("sysAttrs"))
        self._changes = bool(wanted.get("showChanges"))
        self._attributes = frozenset(wanted.get("attributes", ()))
        self._pick = frozenset(wanted.get("pick", ()))
        self._omit = frozenset(wanted.get("omit", ()))

    def entity(self, entity: ContextEntity) -> dict[str, Any]:
        """An entity as it is."""
        kept = {
            name: chosen
            for name, instances in entity.attributes.items()
            if self._shows(name) and (chosen := self._chosen(instances))
        }
        view = View(self._form, system=self._system, context=self._context)
        return self._reduced(represent(replace(entity, attributes=kept), view))

    def change(self, change: EntityChange) -> dict[str, Any]:
        """An entity with what happened to it."""
        if change.kind == "deleted":
            return self._reduced(self._deleted(change))
        found = self.entity(change.entity)
        if self._changes and self._form != "keyValues":
            self._add_previous(found, change)
        for name, instance in change.gone():
            if self._shows(name) and self._chosen([instance]):
                self._add_gone(found, name, instance, change.at)
        return found

    def _deleted(self, change: EntityChange) -> dict[str, Any]:
        """A deleted entity: when it went, and what it was where that is asked for."""
        entity = change.entity
        found = represent(replace(entity, attributes={}), View(context=self._context))
        found["deletedAt"] = change.at
        if self._system:
            found |= {"createdAt": entity.created, "modifiedAt": entity.modified}
        if self._changes:
            for name, instances in entity.attributes.items():
                for instance in self._chosen(instances) if self._shows(name) else ():
                    self._add_gone(found, name, instance, change.at)
        return found

    def _shows(self, name: str) -> bool:
        if self._attributes:
            return name in self._attributes
        return (not self._pick or name in self._pick) and name not in self._omit

    def _chosen(self, instances: Collection[Instance]) -> list[Instance]:
        """The instances that ``datasetId`` names (§4.5.5); all without it."""
        if not self._datasets:
            return list(instances)
        return [i for i in instances if i.get("datasetId", _DEFAULT) in self._datasets]

    def _reduced(self, found: dict[str, Any]) -> dict[str, Any]:
        """Without the entity's own members that were not picked, or omitted (§4.21)."""
        hidden = (_OWN - self._pick if self._pick else frozenset[str]()) | (_OWN & self._omit)
        return {name: value for name, value in found.items() if name not in hidden}

    def _add_previous(self, found: dict[str, Any], change: EntityChange) -> None:
        for name, instances in _changed(change).items():
            short = self._context.compact(name)
            for old in instances if short in found else ():
                found[short] = _with_previous(found[short], old)

    def _add_gone(self, found: dict[str, Any], name: str, instance: Instance, moment: str) -> None:
        """The mark of an attribute, or of an instance of it, that is no more."""
        short = self._context.compact(name)
        mark = self._mark(instance, moment)
        if short not in found:
            found[short] = mark
        elif isinstance(found[short], list):
            found[short] = [*found[short], mark]
        else:
            found[short] = [found[short], mark]

    def _mark(self, instance: Instance, moment: str) -> Any:
        dataset = instance.get("datasetId")
        if self._form == "keyValues":
            return {"dataset": {dataset: NULL}} if dataset else NULL
        if not (dataset or self._system or self._changes):
            return NULL
        kind = instance["type"]
        holder = VALUE_OF[kind]
        mark: dict[str, Any] = {} if self._form == "concise" else {"type": kind}
        mark[holder] = {_DEFAULT: NULL} if kind == "LanguageProperty" else NULL
        if dataset:
            mark["datasetId"] = dataset
        if self._changes:
            mark[previous(holder)] = instance[holder]
        if self._system:
            mark |= {n: instance[n] for n in ("createdAt", "modifiedAt") if n in instance}
            mark["deletedAt"] = moment
        return mark


def previous(holder: str) -> str:
    """``value`` → ``previousValue`` (§4.5.2.2 and its like)."""
    return f"previous{holder[0].upper()}{holder[1:]}"


def _changed(change: EntityChange) -> Attributes:
    """The earlier instances of what was changed, not created and not deleted."""
    gone = {(name, id(instance)) for name, instance in change.gone()}
    now = change.entity.attributes
    return {
        name: [i for i in before if (name, id(i)) not in gone and i not in now.get(name, ())]
        for name, before in change.before.items()
    }


def _with_previous(shown: Any, old: Instance) -> Any:
    """An attribute as shown, with the earlier value beside the instance it belongs to."""
    holder = VALUE_OF[old["type"]]
    earlier = {previous(holder): old[holder]}
    if isinstance(shown, list) and all(isinstance(item, dict) for item in shown):
        same = old.get("datasetId")
        return [{**i, **earlier} if i.get("datasetId") == same else i for i in shown]
    if isinstance(shown, dict) and (holder in shown or "type" in shown):
        return {**shown, **earlier}
    return {holder: shown, **earlier}  # concise: a value that stood alone


def as_feature(found: Mapping[str, Any], geometry: Any) -> dict[str, Any]:
    """A GeoJSON Feature (§5.2.29) of an entity in any representation."""
    properties = {name: value for name, value in found.items() if name != "id"}
    return {
        "id": found.get("id"),
        "type": "Feature",
        "geometry": geometry,
        "properties": properties,
    }


def location_of(entity: ContextEntity) -> Any:
    """The geometry of the default instance of ``location`` (§4.5.16.1); None without one."""
    for instance in entity.attributes.get(CORE.expand("location"), ()):
        if instance["type"] == "GeoProperty" and "datasetId" not in instance:
            return instance["value"]
    return None
