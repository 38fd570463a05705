"""Topics on Kafka: created with their settings, and known with their partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from services.broker.log.base import LogUnavailable, Topic
from services.broker.log.bounded import within
from services.broker.log.kafka_clients import MOST_MESSAGE_BYTES, Kept, mapped
from services.broker.log.position import Position

_KNOWN_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.05
_FOR_EVER: Final = "-1"
_COPIES_BY_SERVER: Final = -1
"""Replication is the cluster's own default: one node has one copy, three nodes three."""


class Topics:
    """What there is on the cluster. Partitions are fixed when a topic is created."""

    def __init__(self, admin: Kept[Any]) -> None:
        self._admin = admin
        self._partitions: dict[str, list[int]] = {}

    async def ensure(self, topics: Sequence[Topic]) -> None:
        """Create those that are missing.

        Raises:
            LogUnavailable: the cluster cannot create them now.
        """
        missing = [topic for topic in topics if topic.name not in self._partitions]
        if not missing:
            return
        async with self._admin.use("creating topics") as admin:
            creating = admin.create_topics([_new(topic) for topic in missing])
            answer = await within(_KNOWN_SECONDS, creating)
        for name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise LogUnavailable(f"Kafka: topic {name}: {error.__name__}")
        await self._wait_for([topic.name for topic in missing])

    async def partitions(self, topics: Sequence[str]) -> list[TopicPartition]:
        """The partitions of topics.

        Raises:
            LogUnavailable: one is not there (yet).
        """
        unknown = [name for name in topics if name not in self._partitions]
        if unknown:
            await self._learn(unknown)
        return [
            TopicPartition(name, number) for name in topics for number in self._partitions[name]
        ]

    async def _wait_for(self, names: list[str]) -> None:
        """A new topic is known to every node of the cluster only a little later."""
        with mapped("waiting for new topics"):
            await within(_KNOWN_SECONDS, self._learn_in_time(names))

    async def _learn_in_time(self, names: list[str]) -> None:
        while True:
            try:
                return await self._learn(names)
            except LogUnavailable:
                await asyncio.sleep(_RETRY_SECONDS)

    async def _learn(self, names: list[str]) -> None:
        async with self._admin.use("describing topics") as admin:
            described = await within(_KNOWN_SECONDS, admin.describe_topics(names))
        for topic in described:
            error: type[KafkaError] = for_code(topic["error_code"])
            numbers = sorted(part["partition"] for part in topic["partitions"])
            if topic["error_code"] or not numbers:
                raise LogUnavailable(f"Kafka: topic {topic['topic']}: {error.__name__}")
            self._partitions[topic["topic"]] = numbers


def _new(topic: Topic) -> NewTopic:
    settings = {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(topic.retention_seconds * 1000 or _FOR_EVER),
        "max.message.bytes": str(MOST_MESSAGE_BYTES),
        "message.timestamp.type": "CreateTime",
    }
    if topic.compacted:
        # a reader who was away for an hour still sees every step
        settings["min.compaction.lag.ms"] = "3600000"
    return NewTopic(
        topic.name,
        topic.partitions,
        _COPIES_BY_SERVER,
        replica_assignments={},  # the client takes -1 only together with it
        topic_configs=settings,
    )


def slot(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


def parse_slot(name: str) -> TopicPartition:
    topic, _, number = name.rpartition("/")
    return TopicPartition(topic, int(number))


def as_position(offsets: dict[TopicPartition, int]) -> Position:
    return Position({slot(partition): offset for partition, offset in offsets.items()})
