"""What is announced to go: for the changelog, and for operators to see who still calls it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.control.policy.compiler import CompiledApi
from schemas.policy import Route


@dataclass(frozen=True, slots=True)
class Announced:
    """An operation that should not be used any more. Times in seconds since the epoch.

    Attributes:
        operation: as in :class:`schemas.policy.Route`.
        title: its summary, in the words of its document; often empty.
        since: 0 if the document gives no date.
        sunset: when it stops to answer; None if that is not decided.
    """

    api: str
    operation: str
    method: str
    path: str
    title: str
    since: int
    sunset: int | None


def announced(apis: Iterable[CompiledApi]) -> list[Announced]:
    """All deprecated operations: those that go first first, those without a date last.

    Args:
        apis: of the policy in force (``control.publisher.current.apis``).
    """
    found = [
        Announced(
            api.territory.name,
            route["id"],
            route["method"],
            route["path"],
            _title(api, route),
            route["deprecation"]["since"],
            route["deprecation"].get("sunset"),
        )
        for api in apis
        for route in api.routes
        if "deprecation" in route
    ]
    return sorted(found, key=lambda one: (one.sunset or 2**63, one.since, one.operation))


def _title(api: CompiledApi, route: Route) -> str:
    for template, public in api.mounts.items():
        if public == route["path"]:
            return str(api.document["paths"][template][route["method"].lower()].get("summary", ""))
    return ""
