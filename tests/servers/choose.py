"""Which server a test gets: a named one, a container, or a process of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, Self

from tests.servers.compose import ComposeServer, docker_answers
from tests.servers.kafka import KafkaServer
from tests.servers.named import NamedServer, named_url
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer


class Server(Protocol):
    """A server that tests share; starts on entering, and is gone after leaving."""

    @property
    def url(self) -> str: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Databases(Server, Protocol):
    """A server that can hand out empty databases."""

    def database(self) -> str: ...


class Killable(Server, Protocol):
    """A server of one's own, that may be killed and brought back on the same port and data."""

    def start(self) -> Self: ...

    def kill(self) -> None: ...

    def restart(self) -> None: ...

    def stop(self) -> None: ...


_LOCAL: Mapping[str, Callable[[], Killable]] = {
    "kafka": KafkaServer,
    "postgres": PostgresServer,
    "redis": RedisServer,
}
SERVICES = tuple(_LOCAL)


def kafka() -> Server:
    """Kafka for tests that leave it running."""
    url = named_url("kafka")
    return NamedServer("kafka", url) if url else killable("kafka")


def postgres() -> Databases:
    """PostgreSQL for tests that leave it running."""
    return _databases("postgres", PostgresServer)


def redis() -> Databases:
    """Redis for tests that leave it running."""
    return _databases("redis", RedisServer)


def killable(service: str) -> Killable:
    """A server that nobody else uses; never a named one."""
    return ComposeServer(service) if docker_answers() else _LOCAL[service]()


def _databases(service: str, local: Callable[[], Databases]) -> Databases:
    url = named_url(service)
    if url:
        return NamedServer(service, url)
    return ComposeServer(service) if docker_answers() else local()
