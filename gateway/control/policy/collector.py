"""Gathers from the store all that the policy is made of, and makes the policy of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import emergencies, purges, tables
from gateway.control.catalogue import attached
from gateway.control.catalogue.attached import Attached
from gateway.control.clock import Clock, seconds
from gateway.control.oauth import access_token, clients, signing_keys
from gateway.control.oauth.signing_keys import KeyRing
from gateway.control.policy import datasets
from gateway.control.policy import snapshot as snapshots
from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.secrets import Secrets
from gateway.control.sectors import labels
from gateway.control.staff import grants as staff_grants
from schemas.policy import Revocations, Snapshot

logger = logging.getLogger(__name__)

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
class Collector:
    """Args:
    issuer: the public address.
    own: the control plane's own API, compiled from the running application.
    own_address: ``host:port`` of this control plane.
    """

    secrets: Secrets
    clock: Clock
    issuer: str
    own: Callable[[], CompiledApi]
    own_address: str
    _compiled: dict[str, tuple[str, CompiledApi]] = field(default_factory=dict)

    async def collect(self, connection: AsyncConnection) -> Published:
        """The policy as the store has it in this transaction."""
        now = seconds(self.clock)
        number = await read_number(connection)
        keys = await signing_keys.load(connection, self.secrets)
        found = await attached.find_all(connection)
        known = await clients.find_all(connection)
        registered = [one for one in known if one.state == clients.ACTIVE]
        revoked = await _revocations(connection, now)
        apis = (self.own(), *[self._compile(api) for api in found if api.document])
        sectors = await labels.in_force(connection)
        addresses = {"control": (self.own_address,), **{api.name: api.addresses for api in found}}
        snapshot = snapshots.make_snapshot(
            issuer=self.issuer,
            keys=keys.published(now),
            upstreams={
                api.territory.name: snapshots.upstream(
                    api.territory,
                    addresses[api.territory.name],
                    api.info.health,
                    sectors.get(api.territory.name, ""),
                )
                for api in apis
            },
            routes=[route for api in apis for route in api.routes],
            clients=snapshots.clients_section(registered),
            revoked={
                **revoked,
                "clients": {c.client_id: c.revoked_before for c in registered if c.revoked_before},
            },
            datasets=datasets.rules(api.info for api in apis),
            emergency=await emergencies.in_force(connection, now),
            purged=await purges.load(connection, now * 1_000),
        )
        body = orjson.dumps(snapshot)
        return Published(number, now, snapshot, body, keys, apis, tuple(found))

    def _compile(self, api: Attached) -> CompiledApi:
        """Compile a document that was good when it was stored; once for each text."""
        key = f"{api.internal}{api.addresses}{api.document}"
        held = self._compiled.get(api.name)
        if held is None or held[0] != key:
            compiled = compile_api(api.document.encode(), api.territory, api.origins)
            if compiled.faults:
                # the rules have become stricter since: its routes go, the others stay
                logger.error("API %s is no longer acceptable: %s", api.name, compiled.faults[0])
            held = self._compiled[api.name] = (key, compiled)
        return held[1]


async def read_number(connection: AsyncConnection) -> int:
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
    given = tables.consents
    withdrawn = await connection.execute(
        select(given.c.consent_id, given.c.withdrawn).where(given.c.withdrawn > now - kept)
    )
    return Revocations(
        tokens={row.jti: row.expires for row in single},
        families={
            **{row.gid: row.revoked + kept for row in families},
            **await staff_grants.revoked(connection, now),
        },
        clients={},
        consents={row.consent_id: row.withdrawn + kept for row in withdrawn},
    )
