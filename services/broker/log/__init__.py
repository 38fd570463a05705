"""The log and its two adapters; the URL's scheme picks one.

``sqlite:///folder/file.db``: embedded, needs no server, shared by processes on one machine.
``kafka://host:port,host:port``: Apache Kafka.
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
        ValueError: no adapter speaks that scheme.
    """
    parts = urlsplit(url)
    # imported when needed, so that an embedded city loads no Kafka client
    if parts.scheme == "sqlite" and parts.path.strip("/"):
        from services.broker.log.embedded import EmbeddedLog

        return EmbeddedLog(url.removeprefix("sqlite:///"))
    if parts.scheme == "kafka" and parts.netloc:
        from services.broker.log.kafka import KafkaLog

        return KafkaLog(parts.netloc)
    raise ValueError(f"no log speaks {url!r}: give kafka://host:port[,…] or sqlite:///folder/file")
