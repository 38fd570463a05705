"""Entities as a notification shows them (GS CIM 009 §5.8.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from services.broker.context.attributes import VALUE_OF, Attributes, Instance
from services.broker.context.jsonld import CORE, Context
from services.broker.context.kinds import NULL, dataset
from services.broker.context.language import parse_lang
from services.broker.context.model import ContextEntity
from services.broker.context.projection import Projection, parse_projection
from services.broker.context.view import FORMS, View
from services.broker.subscriptions.changes import EntityChange
from services.broker.subscriptions.model import Subscription

_DEFAULT: Final = "@none"

Told = EntityChange | ContextEntity
"""What is told of an entity: a change, or how it is."""


class Rendering:
    """How one subscription shows entities.

    Args:
        context: compacts names.
    """

    def __init__(self, subscription: Subscription, context: Context) -> None:
        self.view = view_of(subscription, context)
        self._changes = bool(subscription.notification.get("showChanges"))

    def subject(self, told: Told) -> ContextEntity:
        """The entity to be represented: as it is, or with what was before in it."""
        if isinstance(told, ContextEntity):
            return told
        if told.kind == "deleted":
            return replace(told.entity, attributes={}, scope=(), expires="")
        shows_before = self._changes and self.view.form != "keyValues"
        return _with_previous(told) if shows_before else told.entity

    def finish(self, told: Told, shown: dict[str, Any]) -> None:
        """Put the marks of what is no more into what is shown of an entity."""
        if isinstance(told, ContextEntity):
            return
        if told.kind == "deleted":
            shown["deletedAt"] = told.at
        for name, instance in self._gone(told):
            chosen = self.view.datasets is None or dataset(instance) in self.view.datasets
            if chosen and self.view.shows(name):
                self._add_gone(shown, name, instance, told.at)

    def _gone(self, change: EntityChange) -> Iterable[tuple[str, Instance]]:
        """The instances to be marked; of a deleted entity only where changes are asked for."""
        if change.kind != "deleted":
            return change.gone()
        attributes = change.entity.attributes.items() if self._changes else ()
        return [(name, instance) for name, instances in attributes for instance in instances]

    def _add_gone(self, found: dict[str, Any], name: str, instance: Instance, moment: str) -> None:
        """The mark of an attribute, or of an instance of it, that is no more."""
        short = self.view.context.compact(name)
        mark = self._mark(instance, moment)
        if short not in found:
            found[short] = mark
        elif isinstance(found[short], list):
            found[short] = [*found[short], mark]
        else:
            found[short] = [found[short], mark]

    def _mark(self, instance: Instance, moment: str) -> Any:
        id_, system = dataset(instance), self.view.system
        if self.view.form == "keyValues":
            return {"dataset": {id_: NULL}} if id_ else NULL
        if not (id_ or system or self._changes):
            return NULL
        kind = instance["type"]
        holder = VALUE_OF[kind]
        mark: dict[str, Any] = {} if self.view.form == "concise" else {"type": kind}
        mark[holder] = {_DEFAULT: NULL} if kind == "LanguageProperty" else NULL
        if id_:
            mark["datasetId"] = id_
        if self._changes:
            mark[previous(holder)] = instance[holder]
        if system:
            mark |= {n: instance[n] for n in ("createdAt", "modifiedAt") if n in instance}
            mark["deletedAt"] = moment
        return mark


def view_of(subscription: Subscription, context: Context) -> View:
    """The view that a subscription's members ask for (§5.2.12, §5.2.14)."""
    wanted, names = subscription.notification, subscription.terms

    def projection(member: str) -> Projection | None:
        return parse_projection(",".join(wanted.get(member, ())), names, member)

    datasets = frozenset("" if d == _DEFAULT else d for d in subscription.datasets)
    return View(
        form=FORMS[wanted.get("format", "normalized")],
        attributes=frozenset(wanted.get("attributes", ())),
        system=bool(wanted.get("sysAttrs")),
        context=context,
        pick=projection("pick"),
        omit=projection("omit"),
        datasets=datasets or None,
        lang=parse_lang(subscription.document.get("lang", "")),
    )


def previous(holder: str) -> str:
    """``value`` → ``previousValue`` (§4.5.2.2 and its like)."""
    return f"previous{holder[0].upper()}{holder[1:]}"


def _with_previous(change: EntityChange) -> ContextEntity:
    """The entity with the earlier value in each instance that was changed."""
    attributes: Attributes = dict(change.entity.attributes)
    for name, before in change.before.items():
        old = {dataset(instance): instance for instance in before}
        attributes[name] = [
            _beside(instance, old.get(dataset(instance))) for instance in attributes.get(name, ())
        ]
    return change.entity.with_attributes(attributes)


def _beside(instance: Instance, old: Instance | None) -> Instance:
    if old is None or old == instance:
        return instance
    holder = VALUE_OF[old["type"]]
    return {**instance, previous(holder): old[holder]}


def as_feature(found: dict[str, Any], entity: ContextEntity) -> dict[str, Any]:
    """A GeoJSON Feature (§5.2.29) of an entity in any representation."""
    own = {"id": found["id"]} if "id" in found else {}
    return {
        **own,
        "type": "Feature",
        "geometry": _location_of(entity),
        "properties": {name: value for name, value in found.items() if name != "id"},
    }


def _location_of(entity: ContextEntity) -> Any:
    """The geometry of the default instance of ``location`` (§4.5.16.1); None without one."""
    for instance in entity.attributes.get(CORE.expand("location"), ()):
        if instance["type"] == "GeoProperty" and not dataset(instance):
            return instance["value"]
    return None
