"""The log on Apache Kafka (4.x, KRaft): a slot is a partition, written ``topic/partition``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.broker.log import kafka_clients
from services.broker.log.base import Record, Topic
from services.broker.log.bounded import within
from services.broker.log.kafka_clients import Kept
from services.broker.log.kafka_cluster import Cluster
from services.broker.log.kafka_offsets import GroupOffsets
from services.broker.log.kafka_reader import KafkaReader
from services.broker.log.kafka_topics import Topics, as_position
from services.broker.log.position import Position
from services.broker.log.quiet import spare

PUBLISH_SECONDS: Final = 15.0
"""After which a publication counts as failed: an idempotent producer never gives up by itself."""

END_SECONDS: Final = 10.0

_TALKATIVE: Final = (
    *("aiokafka", "aiokafka.client", "aiokafka.conn", "aiokafka.cluster"),
    *("aiokafka.consumer.fetcher", "aiokafka.consumer.group_coordinator"),
    "aiokafka.producer.sender",
)


class KafkaLog:
    """The log on a Kafka cluster.

    Args:
        cluster: where it is, and how to speak to it.
    """

    def __init__(self, cluster: Cluster) -> None:
        spare(*_TALKATIVE)
        self._cluster = cluster
        self._producer: Kept[Any] = Kept(lambda: kafka_clients.producer(cluster))
        self._admin: Kept[Any] = Kept(lambda: kafka_clients.admin(cluster))
        self._probe: Kept[Any] = Kept(lambda: kafka_clients.consumer(cluster))
        self._topics = Topics(self._admin)
        self._offsets = GroupOffsets(cluster, self._admin)

    async def ensure(self, topics: Sequence[Topic]) -> None:
        await self._topics.ensure(topics)

    async def publish(self, records: Sequence[Record]) -> None:
        # a producer that failed is thrown away with all that it still had in hand: the records
        # come again, in order, and nothing of before can overtake them
        async with self._producer.use("publishing") as producer:
            await within(PUBLISH_SECONDS, _publish(producer, records))

    async def reader(
        self, topics: Sequence[str], after: Position, *, following: bool = False
    ) -> KafkaReader:
        partitions = await self._topics.partitions(topics)
        reader = KafkaReader(self._cluster, partitions, after, following=following)
        await reader.open()
        return reader

    async def end(self, topics: Sequence[str]) -> Position:
        partitions = await self._topics.partitions(topics)
        async with self._probe.use("asking for the end") as consumer:
            return as_position(await within(END_SECONDS, consumer.end_offsets(partitions)))

    async def since(self, topics: Sequence[str], when: float) -> Position:
        partitions = await self._topics.partitions(topics)
        async with self._probe.use("asking for a time") as consumer:
            asked = dict.fromkeys(partitions, int(when * 1000))
            found = await within(END_SECONDS, consumer.offsets_for_times(asked))
            ends = await within(END_SECONDS, consumer.end_offsets(partitions))
        return as_position({tp: found[tp].offset if found.get(tp) else ends[tp] for tp in ends})

    async def committed(self, group: str, topics: Sequence[str]) -> Position:
        return await self._offsets.committed(group, await self._topics.partitions(topics))

    async def commit(self, group: str, position: Position) -> None:
        await self._offsets.commit(group, position)

    async def close(self) -> None:
        await self._producer.close()
        await self._offsets.close()
        await self._probe.close()
        await self._admin.close()


async def _publish(producer: Any, records: Sequence[Record]) -> None:
    sent = [await _send(producer, record) for record in records]
    for acknowledged in sent:
        await acknowledged


async def _send(producer: Any, record: Record) -> Any:
    """Puts a record into the producer's queue; the future it gives ends with the log's yes."""
    headers = [(name, value.encode()) for name, value in record.headers]
    return await producer.send(record.topic, record.value, key=record.key.encode(), headers=headers)
