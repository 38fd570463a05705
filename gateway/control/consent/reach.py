"""Which data of a resident scopes open: the data sets behind personal operations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from gateway.control.policy.compiler import CompiledApi
from schemas.xcity import Dataset

_SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))


@dataclass(frozen=True, slots=True)
class Reach:
    """One data set as scopes open it.

    Attributes:
        domain: where it comes from, for the limit of linkage.
        writes: whether more than reading is opened.
    """

    dataset: Dataset
    domain: str
    writes: bool


def reachable(apis: Iterable[CompiledApi], scopes: frozenset[str]) -> dict[str, Reach]:
    """By id of the data set, in the order of the ids."""
    found: dict[str, Reach] = {}
    for api in apis:
        described = {one.id: one for one in api.info.datasets}
        for route in api.routes:
            opened = any(scopes.issuperset(some) for some in route["scopes"])
            if route["access"] != "personal" or not opened:
                continue
            name, writes = route["dataset"], route["method"] not in _SAFE
            reach = found.get(name) or Reach(described[name], api.info.domain, writes=False)
            found[name] = replace(reach, writes=reach.writes or writes)
    return dict(sorted(found.items()))
