"""What the control plane knows of the city that no metric says: the policy in force, by names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.control.policy.collector import Published
from schemas.policy import Emergency

_LONG_POLLS = frozenset(("broker.fetchEvents",))
"""Operations that are meant to be waited for: consumers ask for what is still to happen."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Attributes:
    domains: API → its domain.
    servers: API → the server that its limit is for, as the gateway's metrics name it.
    lasting: routes whose answers last because they are meant to.
    apis: API → how its document stands: attached, waiting, unreachable, refused.
    """

    domains: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, str] = field(default_factory=dict)
    lasting: frozenset[str] = frozenset()
    apis: Mapping[str, str] = field(default_factory=dict)
    emergency: Emergency | None = None


def facts(published: Published) -> Facts:
    snapshot = published.snapshot
    return Facts(
        domains={api.territory.name: api.info.domain for api in published.apis},
        servers={
            name: ",".join(sorted(each["addresses"]))
            for name, each in snapshot["upstreams"].items()
        },
        lasting=_LONG_POLLS
        | {r["id"] for r in snapshot["routes"] if r["stream"] or r.get("upgrade")},
        apis={api.name: api.state for api in published.attached},
        emergency=snapshot.get("emergency"),
    )
