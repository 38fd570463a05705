"""Who may see what: data about persons reaches only callers whose scope says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from schemas.context import ENTITY_CHANGED
from schemas.kit.caller import Caller
from schemas.registry import entity_types, event_types
from schemas.scopes import ENTITIES_PERSONAL, EVENTS_PERSONAL
from schemas.xcity import LegalClass

_NOBODYS: Final = frozenset((LegalClass.OPEN, LegalClass.ANONYMISED))


@cache
def class_of_event(type_: str) -> LegalClass:
    """The legal class that the type's model declares; open when it declares none."""
    model = event_types().get(type_)
    return LegalClass(getattr(model, "legal_class", LegalClass.OPEN))


def class_of_entity(type_: str) -> LegalClass:
    """The legal class of an entity type's short name; unknown types are about nobody."""
    model = entity_types().get(type_)
    return model.legal_class if model else LegalClass.OPEN


def label(found: LegalClass) -> str:
    """The legal class to write on an event; empty when its data is about nobody."""
    return "" if found in _NOBODYS else found.value


def is_restricted(entity_type: str) -> bool:
    return class_of_entity(entity_type) not in _NOBODYS


@cache
def dataset_of(type_: str) -> str:
    """The personal data set that events of a type are about; empty where the type names none.

    Such an event's subject is the resident's pseudonym in the sector of the type's domain.
    """
    return str(getattr(event_types().get(type_), "dataset", ""))


@cache
def fields_of(type_: str) -> Mapping[str, Sequence[str]]:
    """Field of the type's data set → the members of ``data`` that are part of it."""
    found: Mapping[str, Sequence[str]] = getattr(event_types().get(type_), "fields", {})
    return found


@cache
def personal_datasets() -> Mapping[str, str]:
    """Data set that some event type is about → its domain, the sector of the subjects."""
    return {dataset_of(type_): type_.split(".")[1] for type_ in event_types() if dataset_of(type_)}


def may_see(caller: Caller, type_: str, legal_class: str) -> bool:
    """Whether the caller's scopes reach an event of this type and class.

    A resident's token reaches by consents, never by its scopes (:mod:`services.broker.consent`).
    """
    if not legal_class:
        return True
    needed = ENTITIES_PERSONAL if type_ == ENTITY_CHANGED else EVENTS_PERSONAL
    return needed in caller.scopes and not caller.grant
