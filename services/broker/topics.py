"""The topics on the log: one for each kind of event, and how long each keeps what it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from schemas.context import ENTITY_CHANGED
from schemas.registry import topics
from services.broker.events.deadletter import TOPIC as DEAD_LETTERS
from services.broker.log import Topic

_DAY: Final = 86_400
EVENTS_KEPT_SECONDS: Final = 7 * _DAY
DEAD_LETTERS_KEPT_SECONDS: Final = 30 * _DAY


def event_topics() -> list[Topic]:
    """Where city events are."""
    context = ENTITY_CHANGED.rpartition(".")[0]
    return [
        Topic(name, retention_seconds=0, compacted=True)
        if name == context
        else Topic(name, retention_seconds=EVENTS_KEPT_SECONDS)
        for name in topics()
    ]


def log_topics() -> list[Topic]:
    """Every topic that the broker writes, with its settings."""
    return [*event_topics(), Topic(DEAD_LETTERS, DEAD_LETTERS_KEPT_SECONDS, partitions=1)]


def client_topics(kept: Iterable[tuple[str, int]]) -> list[Topic]:
    """The topics of clients' event types.

    Args:
        kept: topic and days of each type; a topic keeps everything for as long as its type that
            asks for the longest.
    """
    days: dict[str, int] = {}
    for name, number in kept:
        days[name] = max(number, days.get(name, 0))
    return [Topic(name, retention_seconds=days[name] * _DAY) for name in sorted(days)]
