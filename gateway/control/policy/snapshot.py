"""Everything that the routing core must know → one :class:`schemas.policy.Snapshot`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import orjson

from gateway.control.audit.event import SECTOR
from gateway.control.oauth.clients import Client
from gateway.control.policy.territory import Territory
from schemas import policy
from schemas.consent import DatasetRule
from schemas.policy import Emergency, Jwk, Rate, Revocations, Route, Snapshot, Upstream

OPEN_RATE: Final = Rate(requests=6000, seconds=60)
"""Per source address. Behind one may be everybody in a shelter (its Wi-Fi, a carrier's NAT)."""


ZONE: Final = "Asia/Tokyo"
"""The city's time zone: quotas are counted by its days."""

READY: Final = "/readyz"
"""What every process of the city's own answers when it can serve (:mod:`schemas.kit.app`)."""


def upstream(
    territory: Territory, addresses: Sequence[str], health: str = "", sector: str = ""
) -> Upstream:
    """The upstream of one API; a third party's gets less patience.

    Args:
        health: path of its health check, if it has one.
        sector: label of the key of its pseudonyms; the bare name if it was never rotated.
    """
    patience = 30_000 if territory.internal else 10_000
    made = Upstream(
        addresses=list(addresses),
        # the control plane knows residents where it logs, and nowhere else by a pseudonym
        sector=SECTOR if territory.name == "control" else sector or territory.name,
        internal=territory.internal,
        connect_timeout_ms=1000,
        response_timeout_ms=patience,
        try_timeout_ms=patience // 3,
        idle_timeout_ms=30_000,
        max_connections=256 if territory.internal else 64,
    )
    health = health or (READY if territory.internal else "")
    if health:
        made["health"] = health
    return made


def clients_section(clients: Iterable[Client]) -> dict[str, policy.Client]:
    return {client.client_id: _client(client) for client in clients}


def _client(client: Client) -> policy.Client:
    made = policy.Client(
        client_class=client.client_class,
        rate=Rate(requests=client.rate[0], seconds=client.rate[1]),
        suspended=client.suspended,
    )
    if client.quota:
        made["quota"] = client.quota
    return made


def make_snapshot(
    *,
    issuer: str,
    keys: list[Jwk],
    upstreams: dict[str, Upstream],
    routes: Iterable[Route],
    clients: dict[str, policy.Client],
    revoked: Revocations,
    datasets: dict[str, DatasetRule],
    open_rate: Rate = OPEN_RATE,
    purged: dict[str, int] | None = None,
    emergency: Emergency | None = None,
) -> Snapshot:
    """The snapshot; the same content has the same ``revision``, in every process."""
    snapshot = Snapshot(
        format=policy.FORMAT,
        revision="",
        issuer=issuer,
        audience=issuer,
        keys=keys,
        upstreams=upstreams,
        routes=sorted(routes, key=lambda route: (route["path"], route["method"])),
        clients=clients,
        revoked=revoked,
        open_rate=open_rate,
        zone=ZONE,
        datasets=datasets,
    )
    if purged:
        snapshot["purged"] = purged
    if emergency is not None:
        snapshot["emergency"] = emergency
    canonical = orjson.dumps(snapshot, option=orjson.OPT_SORT_KEYS)
    snapshot["revision"] = hashlib.sha256(canonical).hexdigest()[:32]
    return snapshot
