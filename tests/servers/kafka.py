"""Apache Kafka 4 (KRaft) on loopback, from the jars that :mod:`tests.servers.jars` resolved."""

from __future__ import annotations

import base64
import shutil
import signal
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.child import run
from tests.servers.jars import jars, java
from tests.servers.local import LocalServer
from tests.servers.ports import free_ports

_STARTED = b"Kafka Server started"

_LOG4J2 = """\
status = ERROR
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server
logger.server.level = INFO
"""


@dataclass(frozen=True)
class Secure:
    """An address with TLS at which one user signs in by SCRAM.

    Attributes:
        certificate: PEM file with the server's key and certificate.
    """

    certificate: Path
    user: str
    password: str

    def settings(self, known: dict[str, Any], port: int) -> dict[str, Any]:
        """What is added to a node's settings, and changed in those that it has."""
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        mapping = f"{known['listener.security.protocol.map']},SECURE:SASL_SSL"
        address = f"SECURE://127.0.0.1:{port}"
        return {
            "listeners": f"{known['listeners']},{address}",
            "advertised.listeners": f"{known['advertised.listeners']},{address}",
            "listener.security.protocol.map": mapping,
            "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.secure.scram-sha-512.sasl.jaas.config": scram,
            "listener.name.secure.ssl.keystore.type": "PEM",
            "listener.name.secure.ssl.keystore.location": self.certificate,
        }


def _random_id() -> str:
    """An id as Kafka writes them: 16 bytes in Base64 for URLs."""
    random = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return "k" + random[1:]  # a first "-" would look like an option


class KafkaServer(LocalServer):
    """A Kafka cluster of one or more nodes, each both broker and controller.

    ``kill("node1")`` kills one node, ``kill()`` all; ``start()`` brings back what is down.
    ``pause("node1")`` cuts a node off, ``wipe("node1")`` takes the disk of one that is down.
    Topics are not created by use: who needs one creates it, as in production.
    """

    name = "kafka"
    stop_signal = signal.SIGKILL  # its data goes with it, so nobody need wait for an orderly end

    def __init__(self, nodes: int = 1, *, secure: Secure | None = None) -> None:
        """Args:
        secure: who may sign in at a second, encrypted address of a single node.
        """
        super().__init__()
        self.nodes, self._secure = nodes, secure
        self._secure_port = free_ports(1)[0]
        ports = free_ports(2 * nodes)
        self._broker_ports, self._controller_ports = ports[:nodes], ports[nodes:]
        self._log_offsets: dict[str, int] = {}
        self._cluster_id = _random_id()

    @property
    def bootstrap(self) -> str:
        """``host:port,…`` as Kafka clients take it."""
        return ",".join(f"127.0.0.1:{port}" for port in self._broker_ports)

    @property
    def url(self) -> str:
        return f"kafka://{self.bootstrap}"

    @property
    def secure_url(self) -> str:
        """Where one signs in, without who one is."""
        return f"127.0.0.1:{self._secure_port}"

    def prepare(self) -> None:
        self._logging.write_text(_LOG4J2)
        for node in range(1, self.nodes + 1):
            self._properties(node).write_text(self._settings(node))
            self._format(node)

    def _format(self, node: int) -> None:
        if self._secure:
            self._format_with_user(node, self._secure)
            return
        # what `format` would write; a JVM for each node takes seconds for these four lines
        self._data(node).mkdir(parents=True)
        (self._data(node) / "meta.properties").write_text(
            f"version=1\ncluster.id={self._cluster_id}\nnode.id={node}\n"
            f"directory.id={_random_id()}\n"
        )

    def _format_with_user(self, node: int, secure: Secure) -> None:
        user = f"SCRAM-SHA-512=[name={secure.user},password={secure.password}]"
        format_disk = [
            *("kafka.tools.StorageTool", "format", f"--cluster-id={self._cluster_id}"),
            *("--add-scram", user),
        ]
        run(
            [*self._jvm(), *format_disk, "--config", str(self._properties(node))],
            log=self.log(f"format{node}"),
        )

    def wipe(self, name: str) -> None:
        """Give a node that is down a new, empty disk."""
        node = int(name.removeprefix("node"))
        shutil.rmtree(self._data(node))
        self._format(node)

    def commands(self) -> dict[str, Sequence[str]]:
        return {
            f"node{node}": [*self._jvm(), "kafka.Kafka", str(self._properties(node))]
            for node in range(1, self.nodes + 1)
        }

    def start(self, timeout_seconds: float = 60) -> KafkaServer:
        for name in self.commands():
            if not self.running(name):
                log = self.log(name)
                self._log_offsets[name] = log.stat().st_size if log.exists() else 0
        super().start(timeout_seconds)
        return self

    def answers(self) -> bool:
        """Every node has said so: only then is it registered and unfenced."""
        return all(
            _STARTED in self.log(name).read_bytes()[self._log_offsets[name] :]
            for name in self.commands()
        )

    @property
    def _logging(self) -> Path:
        return self.folder / "log4j2.properties"

    def _data(self, node: int) -> Path:
        return self.folder / f"data{node}"

    def _properties(self, node: int) -> Path:
        return self.folder / f"node{node}.properties"

    def _jvm(self) -> list[str]:
        return [
            java(),
            "-Xms64m",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # a short life: quick to start matters more than peak speed
            f"-Dlog4j2.configurationFile={self._logging}",
            "-cp",
            f"{jars()}/*",
        ]

    def _settings(self, node: int) -> str:
        broker, controller = self._broker_ports[node - 1], self._controller_ports[node - 1]
        voters = ",".join(f"{i}@127.0.0.1:{p}" for i, p in enumerate(self._controller_ports, 1))
        copies = min(3, self.nodes)
        in_sync = max(1, copies - 1)
        settings: dict[str, Any] = {
            "process.roles": "broker,controller",
            "node.id": node,
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self._data(node),
            "auto.create.topics.enable": "false",
            "num.partitions": 3,
            "message.max.bytes": 2_097_152,  # as in deploy/k8s
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "log.cleaner.dedupe.buffer.size": 4_194_304,
            # a killed broker may register again only after its old session has ended
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
        }
        if self._secure:
            settings |= self._secure.settings(settings, self._secure_port)
        return "".join(f"{key}={value}\n" for key, value in settings.items())
