"""The log and its two adapters; the URL's scheme picks one.

``sqlite:///folder/file.db``: embedded, needs no server, shared by processes on one machine.
``kafka://host:port,host:port``: Apache Kafka; ``kafka+ssl://…`` encrypted and signed in, see
:mod:`services.broker.log.kafka_cluster`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from services.broker.log.base import (
    Batch,
    EventLog,
    LogUnavailable,
    Reader,
    Record,
    Stored,
    Topic,
)
from services.broker.log.position import Position

__all__ = [
    "Batch",
    "EventLog",
    "LogUnavailable",
    "Position",
    "Reader",
    "Record",
    "Stored",
    "Topic",
    "open_log",
]


def open_log(url: str) -> EventLog:
    """The log at ``url``; nothing is connected until it is used.

    Raises:
        ValueError: no adapter speaks that scheme, or the URL says more than it can.
    """
    parts = urlsplit(url)
    # imported when needed, so that an embedded city loads no Kafka client
    if parts.scheme == "sqlite" and parts.path.strip("/"):
        from services.broker.log.embedded import EmbeddedLog

        return EmbeddedLog(url.removeprefix("sqlite:///"))
    if parts.scheme in ("kafka", "kafka+ssl") and parts.netloc:
        from services.broker.log.kafka import KafkaLog
        from services.broker.log.kafka_cluster import Cluster

        return KafkaLog(Cluster.parse(url))
    raise ValueError(  # without the URL: there may be a password in it
        f"no log speaks {parts.scheme!r}: give kafka://host:port[,…], kafka+ssl://…"
        " or sqlite:///folder/file"
    )
