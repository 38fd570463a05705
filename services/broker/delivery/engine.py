"""The delivery engine as its users see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.outgoing.guard import Guard, Refused
from schemas.kit.outgoing.sender import Sender
from schemas.kit.store import Store
from schemas.problem import Fault, Unprocessable
from services.broker.delivery.metrics import DeliveryMetrics
from services.broker.delivery.model import Delivery, EndpointStatus, Mourner, Preparer
from services.broker.delivery.queue import Queue
from services.broker.delivery.worker import Handover, Worker


class Deliveries:
    """Writes deliveries down and sends them until they are taken; see the folder's README.

    Args:
        guard: which addresses may be called.
        registry: where the figures go.
        clock: seconds since the epoch.
        sender: for tests.
    """

    def __init__(
        self,
        store: Store,
        guard: Guard,
        registry: CollectorRegistry,
        *,
        clock: Callable[[], float] = time.time,
        sender: Sender | None = None,
    ) -> None:
        self._guard = guard
        self.sender = sender or Sender(guard)
        self.metrics = DeliveryMetrics(registry)
        self.queue = Queue(store, clock)
        self._preparers: dict[str, Preparer] = {}
        self._mourners: dict[str, Mourner] = {}
        self._worker = Worker(
            store, self.sender, self._preparers, self._mourners, self.metrics, clock
        )

    def prepare(self, kind: str, preparer: Preparer) -> None:
        """Have a preparer decide what is sent to endpoints called ``<kind>:…``."""
        self._preparers[kind] = preparer

    def mourn(self, kind: str, mourner: Mourner) -> None:
        """Have somebody told of what was given up at endpoints called ``<kind>:…``."""
        self._mourners[kind] = mourner

    def check_url(self, url: str, *, where: str = "/url") -> None:
        """Refuse a URL that is never called.

        Args:
            where: JSON Pointer of it in the request.

        Raises:
            Unprocessable: saying what is wrong with it.
        """
        try:
            self._guard.check_url(url)
        except Refused as refused:
            raise Unprocessable(
                "Give a URL that the broker may call.", faults=[Fault(where, str(refused))]
            ) from refused

    async def enqueue(self, connection: AsyncConnection, wanted: Sequence[Delivery]) -> Handover:
        """Write deliveries in the caller's transaction.

        Returns:
            What to give to :meth:`begin` once it is committed.
        """
        return await self._worker.claim(connection, await self.queue.enqueue(connection, wanted))

    async def enqueue_latest(
        self, connection: AsyncConnection, wanted: Sequence[Delivery]
    ) -> Handover:
        """The same for messages that tell a state: older ones of a key that failed are dropped."""
        await self.queue.supersede(connection, wanted)
        return await self.enqueue(connection, wanted)

    def begin(self, handover: Handover) -> None:
        """Send what was enqueued: the transaction is committed."""
        self._worker.begin(handover)

    def wake(self) -> None:
        """Something else than :meth:`enqueue` has made deliveries due."""
        self._worker.wake()

    async def statuses(self, names: Iterable[str]) -> dict[str, EndpointStatus]:
        """How endpoints do; those that nothing was ever enqueued for are left out."""
        return await self.queue.statuses(names)

    async def enable(self, connection: AsyncConnection, endpoint: str) -> None:
        """Try an endpoint again at once, with all that waits for it."""
        await self.queue.enable(connection, endpoint)

    async def forget(self, connection: AsyncConnection, endpoint: str) -> int:
        """Drop an endpoint with its counters and all that waits for it; how many waited."""
        return await self.queue.forget(connection, endpoint)

    async def count(self) -> None:
        """Take stock, for ``/metrics``."""
        waiting, oldest, circuits = await self.queue.backlog()
        self.metrics.waiting.set(waiting)
        self.metrics.oldest.set(oldest)
        self.metrics.circuits.set(circuits)

    def start(self) -> None:
        self._worker.start()

    async def stop(self) -> None:
        """Stop sending; what waits stays written, for the next start."""
        await self._worker.stop()
        await self.sender.close()
