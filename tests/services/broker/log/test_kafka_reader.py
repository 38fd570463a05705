"""When a reader that follows asks Kafka where the log ends, and when it knows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import TopicPartition

from services.broker.log.kafka_cluster import Cluster
from services.broker.log.kafka_reader import KafkaReader
from services.broker.log.position import Position

PARTITION = TopicPartition("t", 0)


@dataclass
class Consumer:
    """A client for which nothing comes.

    Attributes:
        fetched: seconds since the last answer to a fetch.
        end: as that answer had it.
    """

    fetched: float
    end: int
    asked: int = 0

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[Any]]:
        return {}

    def last_poll_timestamp(self, _: TopicPartition) -> int:
        return int(1000 * (time.time() - self.fetched))

    def last_stable_offset(self, _: TopicPartition) -> int:
        return self.end

    async def position(self, _: TopicPartition) -> int:
        return 5

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked += 1
        return dict.fromkeys(partitions, 5)


@pytest.mark.parametrize(
    ("consumer", "following", "asks"),
    [
        (Consumer(fetched=1, end=5), True, 0),
        (Consumer(fetched=1, end=6), True, 1),
        (Consumer(fetched=60, end=5), True, 1),  # it may have stalled
        (Consumer(fetched=1, end=5), False, 1),
    ],
)
async def test_the_end_is_asked_for_where_it_is_not_known(
    consumer: Consumer, following: bool, asks: int
) -> None:
    reader = KafkaReader(Cluster("x:1"), [PARTITION], Position({"t/0": 5}), following=following)
    reader._consumer = consumer
    assert not (await reader.read(limit=1, wait=0.0)).records
    assert consumer.asked == asks
