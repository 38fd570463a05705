"""Who may see what: data about persons reaches only callers whose scope says so."""

from __future__ import annotations

from functools import cache
from typing import Final

from schemas.context import ENTITY_CHANGED
from schemas.kit.caller import Caller
from schemas.registry import entity_types, event_types
from schemas.scopes import ENTITIES_PERSONAL, EVENTS_PERSONAL
from schemas.xcity import LegalClass
from services.broker.events.binding import Delivery

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


def may_see(caller: Caller, type_: str, legal_class: str) -> bool:
    """Whether the caller's token reaches an event of this type and class."""
    if not legal_class:
        return True
    needed = ENTITIES_PERSONAL if type_ == ENTITY_CHANGED else EVENTS_PERSONAL
    return needed in caller.scopes


def may_receive(caller: Caller, delivery: Delivery, *, group: str = "") -> bool:
    """Whether an event may be handed to a caller now: asked for each event, at each delivery.

    Args:
        group: that it would be handed to, as it is called on the log; empty for a stream.

    What depends on the single event besides its class, such as a resident's consent, belongs here.
    """
    if delivery.replay_for not in ("", group):
        return False
    return may_see(caller, delivery.type, delivery.legal_class)
