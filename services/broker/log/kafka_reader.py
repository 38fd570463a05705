"""Reading Kafka from a position on: no group, no rebalancing, no commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import TopicPartition

from services.broker.log import kafka_clients
from services.broker.log.base import Batch, LogUnavailable, Record, Stored
from services.broker.log.bounded import within
from services.broker.log.kafka_clients import mapped
from services.broker.log.kafka_cluster import Cluster
from services.broker.log.kafka_topics import slot
from services.broker.log.position import Position

logger = logging.getLogger(__name__)

_FETCH_SECONDS: Final = 3.0
"""How long records that are there may take to come."""

_POSITION_SECONDS: Final = 5.0


_PATIENCE: Final = 0.5
_FOLLOWING_SECONDS: Final = 2.0
"""For which a fetch waits at the end of the log: an idle reader asks this seldom."""

_FRESH_SECONDS: Final = 2 * _FOLLOWING_SECONDS + 1.0
"""Within which each partition must have been fetched for the reader to be known to work."""


class KafkaReader:
    """One consumer on every partition of some topics.

    Args:
        following: see :meth:`services.broker.log.base.EventLog.reader`.
    """

    def __init__(
        self,
        cluster: Cluster,
        partitions: Sequence[TopicPartition],
        after: Position,
        *,
        following: bool = False,
    ) -> None:
        self._cluster, self._partitions = cluster, list(partitions)
        self._following = following
        self._consumer: Any = None
        self.position = after

    async def open(self) -> None:
        with mapped("opening a reader"):
            patience = _FOLLOWING_SECONDS if self._following else _PATIENCE
            consumer = kafka_clients.consumer(self._cluster, patience=patience)
            self._consumer = await kafka_clients.start(consumer)
        self._consumer.assign(self._partitions)
        self._go_to(self.position)

    def _go_to(self, position: Position) -> None:
        for partition in self._partitions:
            self._consumer.seek(partition, position.at(slot(partition)))

    def has_seen(self, position: Position) -> bool:
        slots = map(slot, self._partitions)
        return all(self.position.at(name) >= position.at(name) for name in slots)

    async def read(self, *, limit: int, wait: float) -> Batch:
        if self._consumer is None:
            await self.open()
        records = await self._fetch(limit, wait) or await self._look_again(limit)
        return Batch(self.position, records)

    async def _fetch(self, limit: int, wait: float) -> list[Stored]:
        with mapped("reading"):
            reading = self._consumer.getmany(timeout_ms=int(wait * 1000), max_records=limit)
            found = await within(wait + _POSITION_SECONDS, reading)
        records = [
            _stored(partition, message)
            for partition, messages in found.items()
            for message in messages
        ]
        for stored in records:
            self.position = stored.after(self.position)
        return records

    async def _look_again(self, limit: int) -> list[Stored]:
        """Nothing came: because there is nothing, or because it did not come yet.

        aiokafka's consumer can stop fetching without a sign (aiokafka #847, #1154): when the log
        has more and it still does not come, another consumer is opened at the next read.
        """
        if self._following and self._was_at_the_end():
            return []
        if not await self._behind():
            return []
        records = await self._fetch(limit, _FETCH_SECONDS)
        if not records and await self._behind():
            logger.warning("a reader of %s has stalled; opening another", self._partitions[0])
            await self.close()
            raise LogUnavailable("Kafka: the reader stalled; read again")
        return records

    def _was_at_the_end(self) -> bool:
        """Whether fetches of a moment ago have found nothing behind what was read."""
        oldest = 1000 * (time.time() - _FRESH_SECONDS)
        for partition in self._partitions:
            fetched = self._consumer.last_poll_timestamp(partition)
            end = self._consumer.last_stable_offset(partition)
            if fetched is None or end is None or fetched < oldest:
                return False
            if self.position.at(slot(partition)) < end:
                return False
        return True

    async def _behind(self) -> bool:
        """Whether the log has more; follows the consumer over what retention has removed."""
        with mapped("asking for positions"):
            ends = await within(_POSITION_SECONDS, self._follow())
        return any(self.position.at(slot(tp)) < end for tp, end in ends.items())

    async def _follow(self) -> dict[TopicPartition, int]:
        for partition in self._partitions:
            offset = await self._consumer.position(partition)
            self.position = self.position.advanced(slot(partition), offset)
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(self._partitions)
        return ends

    async def seek(self, position: Position) -> None:
        self.position = position
        if self._consumer is None:
            await self.open()
        else:
            self._go_to(position)

    async def close(self) -> None:
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await kafka_clients.stop(consumer)


def _stored(partition: TopicPartition, message: Any) -> Stored:
    record = Record(
        topic=partition.topic,
        key=(message.key or b"").decode(errors="replace"),
        value=message.value or b"",
        headers=tuple((name, value.decode(errors="replace")) for name, value in message.headers),
    )
    return Stored(record, slot(partition), message.offset)
