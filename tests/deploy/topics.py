"""The log's topics as Strimzi resources, written from the registry of event types.

``python -m tests.deploy topics`` writes ``deploy/k8s/base/kafka/topics.yaml``; a check finds it
when a domain has registered an event type since.
"""

from __future__ import annotations

from typing import Final

from schemas import registry
from tests.deploy.manifests import BASE

FILE: Final = BASE / "kafka" / "topics.yaml"
_HEAD = "# Written by `python -m tests.deploy topics` from schemas/registry.py.\n"
_TOPIC = """\
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaTopic
metadata:
  name: {name}
  labels:
    strimzi.io/cluster: city
spec:
  partitions: 6
  replicas: 3
  config:
    min.insync.replicas: 2
    retention.ms: 604800000
"""


def render() -> str:
    return _HEAD + "".join(_TOPIC.format(name=topic) for topic in registry.topics())


def write() -> None:
    FILE.write_text(render())


def outdated() -> list[str]:
    """What to do when the file is not what the registry says."""
    if FILE.read_text() == render():
        return []
    return [f"{FILE.name} is not what the registry says: run `python -m tests.deploy topics`"]
