"""The log's topics as Strimzi resources, written from what the broker says of them.

``python -m tests.deploy topics`` writes ``deploy/k8s/base/kafka/topics.yaml``; a check finds it
when a domain has registered an event type since, or the broker keeps a topic for another time.
"""

from __future__ import annotations

from typing import Final

from services.broker.log import Topic
from services.broker.topics import log_topics
from tests.deploy.manifests import BASE

FILE: Final = BASE / "kafka" / "topics.yaml"
_HEAD = "# Written by `python -m tests.deploy topics` from services/broker/topics.py.\n"
_TOPIC = """\
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaTopic
metadata:
  name: {name}
  labels:
    strimzi.io/cluster: city
spec:
  partitions: {partitions}
  replicas: 3
  config:
    min.insync.replicas: 2
"""


def render() -> str:
    return _HEAD + "".join(map(_resource, log_topics()))


def write() -> None:
    FILE.write_text(render())


def outdated() -> list[str]:
    """What to do when the file is not what the broker says."""
    if FILE.read_text() == render():
        return []
    return [f"{FILE.name} is not what the broker says: run `python -m tests.deploy topics`"]


def _resource(topic: Topic) -> str:
    """The topic as it would be if the broker had to create it (``services/broker/log``)."""
    config = {"retention.ms": str(topic.retention_seconds * 1000 or -1)}
    if topic.compacted:
        config |= {"cleanup.policy": "compact", "min.compaction.lag.ms": "3600000"}
    lines = "".join(f"    {key}: {value}\n" for key, value in config.items())
    return _TOPIC.format(name=topic.name, partitions=topic.partitions) + lines
