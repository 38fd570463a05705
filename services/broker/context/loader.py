"""Reads of single entities, gathered: what is asked for while the store answers goes out together.

Alone, a read goes out at once. Under load each round trip carries many, so that what a round trip
costs (a connection, a transaction, a statement) is shared by all who wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from services.broker.context.model import ContextEntity

Fetch = Callable[[str, list[str]], Awaitable[dict[str, ContextEntity]]]
"""From a tenant and ids to the entities that are there, by id."""

_AT_ONCE: Final = 2
"""Round trips under way: while one's answer is read, the store works on the other."""

_MANY: Final = 16
"""So many have to wait before there is a second one: each carries as many as it can."""

_MOST_IDS: Final = 200


class Loader:
    """Reads entities by id.

    Args:
        fetch: reads many.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._waiting: dict[tuple[str, str], asyncio.Future[ContextEntity | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, tenant: str, id_: str) -> ContextEntity | None:
        """The entity as it is now or later; None when it is not there.

        It is never an older one: a read that is under way already is not joined.
        """
        future = self._waiting.get((tenant, id_))
        if future is None:
            future = asyncio.get_running_loop().create_future()
            self._waiting[tenant, id_] = future
        if not self._tasks or (len(self._tasks) < _AT_ONCE and len(self._waiting) >= _MANY):
            self._start()
        return await asyncio.shield(future)  # one who goes away takes it from nobody else

    def _start(self) -> None:
        task = asyncio.get_running_loop().create_task(self._read())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self) -> None:
        while self._waiting:
            tenant = next(iter(self._waiting))[0]
            ids = [id_ for of, id_ in self._waiting if of == tenant][:_MOST_IDS]
            futures = {id_: self._waiting.pop((tenant, id_)) for id_ in ids}
            try:
                found = await self._fetch(tenant, ids)
            except Exception as error:  # theirs who asked, each of whom is told
                for future in futures.values():
                    future.set_exception(error)
            else:
                for id_, future in futures.items():
                    future.set_result(found.get(id_))
