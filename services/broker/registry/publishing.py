"""Who may publish an event type: its owner alone."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.cloudevents import CloudEvent
from schemas.kit.caller import Caller
from schemas.problem import Fault, Forbidden
from schemas.scopes import EVENTS_PUBLISH_CITY
from services.broker.registry.catalogue import Catalogue
from services.broker.registry.known import CITY


def check_publisher(caller: Caller, events: Sequence[CloudEvent], types: Catalogue) -> None:
    """Let an event in that says what its publisher may say.

    A call that names no client came past the gateway, from inside the city's network.

    Raises:
        Forbidden: a type is another's.
    """
    if not caller.client:
        return
    others = {e.type for e in events if not _may_publish(caller, e.type, types)}
    if others:
        raise Forbidden(
            "An event type is published by its owner alone; nothing of this request was stored.",
            faults=[_fault(name, types) for name in sorted(others)],
        )


def _may_publish(caller: Caller, name: str, types: Catalogue) -> bool:
    known = types.find(name)
    if known is None or known.owner != CITY:
        return known is not None and known.owner == caller.client
    return EVENTS_PUBLISH_CITY in caller.scopes


def _fault(name: str, types: Catalogue) -> Fault:
    known = types.find(name)
    if known is not None and known.owner == CITY:
        return Fault("/type", f"{name} is the city's own", f"needs {EVENTS_PUBLISH_CITY}")
    return Fault("/type", f"{name} is another client's", "register a type of your own")
