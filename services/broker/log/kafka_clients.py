"""The Kafka clients behind the log, with every default that could lose something set.

aiokafka's own defaults commit by themselves, ask one broker only for its acknowledgement, do not
notice doubled sends and start new readers at the end. None of that here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.broker.log.base import LogUnavailable
from services.broker.log.bounded import within
from services.broker.log.kafka_cluster import Cluster

logger = logging.getLogger(__name__)

START_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0
REQUEST_MILLISECONDS: Final = 10_000
MOST_MESSAGE_BYTES: Final = 4_194_304
MOST_FETCH_BYTES: Final = 1_048_576

_Client = TypeVar("_Client")


@contextmanager
def mapped(what: str) -> Iterator[None]:
    """Say every failure of Kafka or of the way there as :class:`LogUnavailable`."""
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as error:
        raise LogUnavailable(f"Kafka: {what}: {error!r}") from error


def producer(cluster: Cluster) -> Any:
    """Waits for all replicas in sync; a send that is repeated is in the log once, in its place."""
    return AIOKafkaProducer(
        bootstrap_servers=cluster.bootstrap,
        **cluster.security,
        client_id="city-broker",
        acks="all",
        enable_idempotence=True,
        max_request_size=MOST_MESSAGE_BYTES,
        max_batch_size=262_144,
        request_timeout_ms=REQUEST_MILLISECONDS,
        metadata_max_age_ms=60_000,
    )


def consumer(cluster: Cluster, *, group: str | None = None, patience: float = 0.5) -> Any:
    """Reads what it is told to, from where it is told to; commits nothing by itself.

    Args:
        patience: seconds that a fetch waits at the node for its first record. What else is asked
            of that node, such as where its topics end, waits behind it.
    """
    return AIOKafkaConsumer(
        bootstrap_servers=cluster.bootstrap,
        **cluster.security,
        client_id="city-broker",
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # what retention removed is skipped, nothing else
        isolation_level="read_committed",
        fetch_max_wait_ms=int(patience * 1000),  # for the first record, not for more
        # a reader may be sent elsewhere before it has taken all that a fetch brought, and then
        # it is fetched again; a record that is larger comes all the same (KIP-74)
        fetch_max_bytes=MOST_FETCH_BYTES,
        max_partition_fetch_bytes=MOST_FETCH_BYTES // 4,
        request_timeout_ms=REQUEST_MILLISECONDS,
        metadata_max_age_ms=60_000,
    )


def admin(cluster: Cluster) -> Any:
    return AIOKafkaAdminClient(
        bootstrap_servers=cluster.bootstrap,
        **cluster.security,
        client_id="city-broker",
        request_timeout_ms=REQUEST_MILLISECONDS,
    )


class Kept(Generic[_Client]):
    """A client made and started when it is first needed, and again after a failure.

    Args:
        make: a new one, not started.
    """

    def __init__(self, make: Callable[[], _Client]) -> None:
        self._make = make
        self._client: _Client | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def use(self, what: str) -> AsyncIterator[_Client]:
        """The client, started; thrown away when what is done with it fails.

        Raises:
            LogUnavailable: Kafka does not answer, or refused.
        """
        with mapped(what):
            client = await self._started()
            try:
                yield client
            except BaseException:
                # also when cancelled: what was on its way may come too late for a next use
                await self._throw_away(client)
                raise

    async def _started(self) -> _Client:
        async with self._lock:
            if self._client is None:
                self._client = await start(self._make())
            return self._client

    async def _throw_away(self, client: _Client) -> None:
        if self._client is client:
            self._client = None
        await stop(client)

    async def close(self) -> None:
        async with self._lock:
            client, self._client = self._client, None
        if client is not None:
            await stop(client)


async def start(client: _Client) -> _Client:
    """Start a client; one that cannot start leaves nothing behind."""
    try:
        await within(START_SECONDS, client.start())  # type: ignore[attr-defined]
    except BaseException:
        await stop(client)
        raise
    return client


async def stop(client: Any) -> None:
    """Stop a client, within bounds: an idempotent producer would wait for ever for its broker."""
    try:
        await within(STOP_SECONDS, client.close() if hasattr(client, "close") else client.stop())
    except (KafkaError, TimeoutError, OSError) as error:
        logger.warning("Kafka: a client did not stop cleanly: %r", error)
        await _abandon(client)


async def _abandon(client: Any) -> None:
    """End what a client still has running, for which it has no public way.

    A producer whose broker is away keeps a task that would send its old records when the broker is
    back, after newer ones of the next producer. Without its connections, nothing of it works on.
    """
    sender = getattr(client, "_sender", None)
    network = getattr(client, "_client", None) or getattr(client, "client", None)
    for part in (sender, network):
        if part is not None:
            with suppress(KafkaError, TimeoutError, OSError):
                await within(STOP_SECONDS, part.close())
