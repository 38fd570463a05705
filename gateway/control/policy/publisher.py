"""Keeps the newest snapshot ready and wakes those who wait for the next.

What the policy is made of lies in the store. A change raises the number in the ``changes`` table in
its own transaction; the process that made it rebuilds at once, the others within ``POLL`` seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

import orjson
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.catalogue import attached
from gateway.control.catalogue.attached import Attached
from gateway.control.clock import Clock, seconds
from gateway.control.oauth import access_token, clients, signing_keys
from gateway.control.oauth.signing_keys import KeyRing
from gateway.control.policy import snapshot as snapshots
from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.secrets import Secrets
from schemas.kit.store import Store
from schemas.policy import Revocations, Snapshot

logger = logging.getLogger(__name__)

POLL: Final = 0.5
_REBUILD_AT_LEAST: Final = 30  # seconds: keys begin, retire, and revocations expire by the clock
_MARGIN: Final = 60


@dataclass(frozen=True, slots=True)
class Published:
    """One whole state of the policy, replaced in one assignment."""

    number: int
    built: int
    snapshot: Snapshot
    body: bytes
    keys: KeyRing
    apis: tuple[CompiledApi, ...]
    attached: tuple[Attached, ...]
    documents: dict[str, bytes] = field(default_factory=dict)
    """Public documents made from it so far, by address: each is made once."""

    @property
    def revision(self) -> str:
        return self.snapshot["revision"]


@dataclass(slots=True)
class Publisher:
    """Args:
    store: where the policy's parts are.
    issuer: the public address.
    own: the control plane's own API, compiled from the running application.
    own_address: ``host:port`` of this control plane.
    """

    store: Store
    secrets: Secrets
    clock: Clock
    issuer: str
    own: Callable[[], CompiledApi]
    own_address: str
    waiting: int = 0
    """How many wait for the next policy at the moment."""
    _published: Published | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _compiled: dict[str, tuple[str, CompiledApi]] = field(default_factory=dict)
    _closed: bool = False

    @property
    def current(self) -> Published:
        if self._published is None:
            raise RuntimeError("the policy is read before the first one was built")
        return self._published

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that changes the policy, and tells the other processes so.

        The number is raised first: its row is the lock that puts such transactions of several
        processes in a row, so that "add it unless it is there" means what it says.
        """
        async with self.store.write() as connection:
            await _note_change(connection)
            yield connection

    @contextlib.asynccontextmanager
    async def change(self) -> AsyncIterator[AsyncConnection]:
        """Such a transaction; when it ends, the new policy is published."""
        async with self.transaction() as connection:
            yield connection
        await self.refresh()

    async def refresh(self) -> None:
        """Rebuild from the store and wake the waiting if anything is different."""
        async with self._refreshing:
            async with self.store.read() as connection:
                built = await self._build(connection)
            previous, self._published = self._published, built
        if previous is None or previous.revision != built.revision:
            logger.info("policy %s: %d routes", built.revision, len(built.snapshot["routes"]))
            async with self._changed:
                self._changed.notify_all()

    async def wait(self, revision: str, timeout: float) -> Published:
        """The newest policy, as soon as it is another than ``revision`` or time is up."""
        self.waiting += 1
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(
                    lambda: self._closed or self.current.revision != revision
                )
        except TimeoutError:
            pass  # nothing changed in time, and that is an answer too
        finally:
            self.waiting -= 1
        return self.current

    async def close(self) -> None:
        """Let all who wait go."""
        self._closed = True
        async with self._changed:
            self._changed.notify_all()

    async def run(self) -> None:
        """Notice what other processes changed, and what time changes. Runs until cancelled."""
        while True:
            await asyncio.sleep(POLL)
            try:
                await self._catch_up()
            except Exception as error:
                # the policy in force stays in force; cores keep it too
                logger.warning("the policy cannot be read at the moment: %r", error)

    async def _catch_up(self) -> None:
        async with self.store.read() as connection:
            number = await _read_number(connection)
        stale = seconds(self.clock) - self.current.built >= _REBUILD_AT_LEAST
        if number != self.current.number or stale:
            await self.refresh()

    async def _build(self, connection: AsyncConnection) -> Published:
        now = seconds(self.clock)
        number = await _read_number(connection)
        keys = await signing_keys.load(connection, self.secrets)
        found = await attached.find_all(connection)
        registered = await clients.find_all(connection)
        revoked = await _revocations(connection, now)
        apis = (self.own(), *[self._compile(api) for api in found if api.document])
        addresses = {"control": self.own_address, **{api.name: api.address for api in found}}
        snapshot = snapshots.make_snapshot(
            issuer=self.issuer,
            keys=keys.published(now),
            upstreams={
                api.territory.name: snapshots.upstream(api.territory, addresses[api.territory.name])
                for api in apis
            },
            routes=[route for api in apis for route in api.routes],
            clients=snapshots.clients_section(registered),
            revoked={
                **revoked,
                "clients": {c.client_id: c.revoked_before for c in registered if c.revoked_before},
            },
        )
        body = orjson.dumps(snapshot)
        return Published(number, now, snapshot, body, keys, apis, tuple(found))

    def _compile(self, api: Attached) -> CompiledApi:
        """Compile a document that was good when it was stored; once for each text."""
        key = f"{api.internal}{api.address}{api.document}"
        held = self._compiled.get(api.name)
        if held is None or held[0] != key:
            compiled = compile_api(api.document.encode(), api.territory, api.origins)
            if compiled.faults:
                # the rules have become stricter since: its routes go, the others stay
                logger.error("API %s is no longer acceptable: %s", api.name, compiled.faults[0])
            held = self._compiled[api.name] = (key, compiled)
        return held[1]


async def _note_change(connection: AsyncConnection) -> None:
    """Say, within a transaction, that it changes the policy."""
    table = tables.changes
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    first = dialect.insert(table).values(id=1, number=1)
    await connection.execute(
        first.on_conflict_do_update(index_elements=["id"], set_={"number": table.c.number + 1})
    )


async def _read_number(connection: AsyncConnection) -> int:
    return (await connection.execute(select(tables.changes.c.number))).scalar() or 0


async def _revocations(connection: AsyncConnection, now: int) -> Revocations:
    tokens, grants = tables.revoked_tokens, tables.grants
    single = await connection.execute(
        select(tokens.c.jti, tokens.c.expires).where(tokens.c.expires > now)
    )
    kept = access_token.RESIDENT_LIFETIME + _MARGIN
    families = await connection.execute(
        select(grants.c.gid, grants.c.revoked).where(grants.c.revoked > now - kept)
    )
    return Revocations(
        tokens={row.jti: row.expires for row in single},
        families={row.gid: row.revoked + kept for row in families},
        clients={},
    )
