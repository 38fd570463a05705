"""Operations that will go: what is announced before they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.control.policy.compiler import METHODS, CompiledApi
from gateway.control.portal import offers
from gateway.control.state import Control


@dataclass(frozen=True, slots=True)
class Deprecation:
    """One operation.

    Attributes:
        sunset: when it will stop to answer (RFC 8594), in seconds since the epoch; 0 if no date is
            announced.
        link: where it is said what to use instead; often empty.
    """

    api: str
    method: str
    path: str
    sunset: int = 0
    link: str = ""


async def announced(control: Control) -> list[Deprecation]:
    """All that is announced, as the APIs' documents have it (OpenAPI's ``deprecated``)."""
    return [one for api in offers.usable(control) for one in _marked(api)]


def _marked(api: CompiledApi) -> Iterator[Deprecation]:
    for path, item in api.document["paths"].items():
        for method, operation in item.items():
            if method in METHODS and isinstance(operation, dict) and operation.get("deprecated"):
                public = api.mounts.get(path, path)
                yield Deprecation(api.territory.name, method.upper(), public)
