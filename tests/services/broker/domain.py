"""A domain that exists in the tests only: one thing, one person, their events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
from unittest.mock import patch
from uuid import uuid4

from pydantic import Field

from schemas import registry
from schemas.ngsild import Entity, Value
from schemas.xcity import LegalClass
from services.broker.events import visibility
from services.broker.registry import known

THING = "city.test.thing.moved"
OTHER = "city.test.other.moved"
PERSON = "city.test.person.seen"


class Place(Value):
    floor: int = Field(ge=0, le=50)


class ThingMoved(Value):
    """A thing was moved."""

    thing: str
    number: int = 0
    place: Place | None = None


class PersonSeen(Value):
    """A person was seen."""

    legal_class: ClassVar[LegalClass] = LegalClass.PERSONAL
    dataset: ClassVar[str] = "sightings"
    fields: ClassVar[Mapping[str, Sequence[str]]] = {"whom": ("person",), "where": ("place",)}

    person: str
    place: str | None = None


class Patient(Entity):
    """A person."""

    entity_type = "TestPatient"
    legal_class = LegalClass.PERSONAL
    name: str


ENTITIES = (Patient,)
EVENTS = {THING: ThingMoved, OTHER: ThingMoved, PERSON: PersonSeen}


@contextmanager
def registered(*, alone: bool = False) -> Iterator[None]:
    """With the domain among the registered ones.

    Args:
        alone: without the city's own: a tenth of the topics, which a cluster has to create, follow
            and, after a failure, look through.
    """
    others = () if alone else registry.DOMAINS
    with patch.object(registry, "DOMAINS", (*others, __name__)):
        _forget()
        yield
    _forget()


def _forget() -> None:
    cached = (
        registry.event_types,
        registry.entity_types,
        registry.event_schema,
        visibility.class_of_event,
        visibility.dataset_of,
        visibility.fields_of,
        visibility.personal_datasets,
        known.city_type,
    )
    for function in cached:
        function.cache_clear()


def thing(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A good event of type ``THING``."""
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/tests",
        "type": THING,
        "subject": "thing-1",
        "time": "2026-04-01T09:00:00+09:00",
        "data": {"thing": "chair", "number": number},
        **changes,
    }


def person(**changes: Any) -> dict[str, Any]:
    return thing(type=PERSON, data={"person": "p-1"}, **changes)
