"""What runs beside the endpoints: from the first policy to the last background task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from gateway.control import bootstrap, bootstrap_file
from gateway.control.catalogue.refresher import Refresher
from gateway.control.housekeeping import Housekeeper
from gateway.control.links import LINKED_DOMAINS, Linker
from gateway.control.oauth import (
    clients,
    signing_keys,
)
from gateway.control.oauth.registration import ClientMetadata, make_client
from gateway.control.sectors.rotation import Rotations
from gateway.control.staff import acting, command_line
from gateway.control.state import Control
from gateway.control.told.teller import Teller
from schemas.kit.client import CityClient
from schemas.kit.outgoing.guard import Guard
from schemas.kit.outgoing.sender import Sender

logger = logging.getLogger(__name__)

OWN_CLIENT: Final = "supercity-control"


class Parts:
    """What runs beside the endpoints, from the process's start to its end."""

    def __init__(
        self,
        control: Control,
        file: Path | None,
        gateway_url: str,
        refresh_every: float,
        guard: Guard,
    ) -> None:
        self._guard = guard
        self._control = control
        self._file = file
        self._gateway_url = gateway_url
        self._refresh_every = refresh_every
        self._ready = False

    async def ready(self) -> str:
        return "" if self._ready else "the first policy"

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        control = self._control
        async with AsyncExitStack() as stack:
            await control.store.open()
            stack.push_async_callback(control.store.close)
            stack.push_async_callback(control.fetcher.close)
            stack.push_async_callback(control.provider.close)
            stack.push_async_callback(app.state.acting.close)
            await self._begin()
            client = CityClient(self._gateway_url, OWN_CLIENT, control.secrets.own_client_secret())
            stack.push_async_callback(client.close)
            linker = Linker(control.store, client, control.pseudonyms, control.clock)
            refresher = Refresher(control, self._refresh_every)
            for job in (
                control.publisher.run(),
                refresher.run(),
                linker.run(),
                Rotations(control, client).run(),
                Housekeeper(control).run(),
                Teller(control, Sender(self._guard)).run(),
            ):
                app.state.jobs.append(await stack.enter_async_context(_running(job)))
            app.state.drain = control.publisher.close
            self._ready = True
            yield
            self._ready = False
            await control.publisher.close()

    async def _begin(self) -> None:
        """Keys, the own client, the bootstrap file, and with all of them the first policy."""
        control = self._control
        async with control.publisher.transaction() as connection:
            await signing_keys.ensure(connection, control.secrets, control.now())
            await _ensure_own_client(control, connection)
            await command_line.ensure(connection, control.now())
            await acting.ensure(connection, control.now())
        if self._file:
            await bootstrap.apply(control, bootstrap_file.read(self._file))
        await control.publisher.refresh()


async def _ensure_own_client(control: Control, connection: Any) -> None:
    scope = " ".join(f"{domain}:link" for domain in LINKED_DOMAINS)
    client, _ = make_client(
        ClientMetadata(client_name="Control plane", scope=scope),
        control.secrets,
        control.now(),
        client_class="internal",
        client_id=OWN_CLIENT,
        client_secret=control.secrets.own_client_secret(),
    )
    held = await clients.find(connection, OWN_CLIENT)
    if held is None:
        await clients.add(connection, client)
    else:
        await clients.replace(connection, replace(client, created=held.created))


def _tell_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.critical("a part of the control plane has ended: %r", error, exc_info=error)


@asynccontextmanager
async def _running(job: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(job)
    task.add_done_callback(_tell_if_failed)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
