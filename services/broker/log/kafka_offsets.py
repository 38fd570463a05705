"""Where groups stand, in Kafka's own group offsets: any Kafka tool shows their lag."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)

from services.broker.log import kafka_clients
from services.broker.log.bounded import within
from services.broker.log.kafka_clients import Kept
from services.broker.log.kafka_cluster import Cluster
from services.broker.log.kafka_topics import as_position, parse_slot, slot
from services.broker.log.position import Position

_MOST_OPEN: Final = 16
_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.1
_COORDINATOR_MOVES: Final = (
    CoordinatorNotAvailableError,
    CoordinatorLoadInProgressError,
    NotCoordinatorError,
)


class GroupOffsets:
    """Reads and writes committed offsets, without being a member of the group."""

    def __init__(self, cluster: Cluster, admin: Kept[Any]) -> None:
        self._cluster, self._admin = cluster, admin
        self._committers: OrderedDict[str, Kept[Any]] = OrderedDict()

    async def committed(self, group: str, partitions: Sequence[TopicPartition]) -> Position:
        async with self._admin.use(f"reading the offsets of {group}") as admin:
            found = await within(_SECONDS, _offsets(admin, group, list(partitions)))
        return as_position({tp: at.offset for tp, at in found.items() if at.offset >= 0})

    async def commit(self, group: str, position: Position) -> None:
        wanted = {parse_slot(name): offset for name, offset in position.offsets.items()}
        if not wanted:
            return
        before = await self.committed(group, list(wanted))
        ahead = {tp: offset for tp, offset in wanted.items() if offset > before.at(slot(tp))}
        if not ahead:
            return
        committer = await self._committer(group)
        async with committer.use(f"committing for {group}") as consumer:
            consumer.assign(list(ahead))
            consumer.pause(*ahead)  # it is here to commit, not to fetch
            await within(_SECONDS, consumer.commit(ahead))

    async def _committer(self, group: str) -> Kept[Any]:
        """The client that commits for a group: Kafka's clients know one group each."""
        found = self._committers.pop(group, None) or Kept(
            lambda: kafka_clients.consumer(self._cluster, group=group)
        )
        self._committers[group] = found
        if len(self._committers) > _MOST_OPEN:
            _, oldest = self._committers.popitem(last=False)
            await oldest.close()
        return found

    async def close(self) -> None:
        for committer in self._committers.values():
            await committer.close()
        self._committers.clear()


async def _offsets(admin: Any, group: str, partitions: list[TopicPartition]) -> dict[Any, Any]:
    """The committed offsets; asks again while the group's coordinator is being found."""
    while True:
        try:
            found: dict[Any, Any] = await admin.list_consumer_group_offsets(
                group, partitions=partitions
            )
        except _COORDINATOR_MOVES:
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return found
