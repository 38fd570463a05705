"""Where a resident's own data can be read: the personal lists of all attached APIs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.control.policy.compiler import CompiledApi
from schemas.policy import Route
from schemas.xcity import Dataset

_PARAMETER: Final = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Source:
    """One operation that gives a resident what a holder has about them.

    Attributes:
        path: its public path, with ``me`` for the resident.
    """

    dataset: Dataset
    domain: str
    operation: str
    path: str
    scopes: tuple[str, ...]

    def title(self, language: str) -> str:
        return self.dataset.title if language == "en" else self.dataset.title_ja


def sources(apis: Iterable[CompiledApi]) -> list[Source]:
    """All of them, in the order of their paths; the platform's own part is read without them."""
    found = [
        source
        for api in apis
        for route in api.routes
        if (source := _source(api, route)) is not None
    ]
    return sorted(found, key=lambda one: one.path)


def _source(api: CompiledApi, route: Route) -> Source | None:
    """``None`` for what does not list the whole of what is the resident's: one record of it, a
    stream, the platform's own trail."""
    path, names = route["path"], set(_PARAMETER.findall(route["path"]))
    lists = route["method"] == "GET" and not route["stream"] and "upgrade" not in route
    own = route["access"] == "personal" and api.info.domain != "platform"
    if not (lists and own and route["scopes"] and names <= {route["subject"]}):
        return None
    described = {one.id: one for one in api.info.datasets}
    if route["dataset"] not in described:
        return None
    return Source(
        dataset=described[route["dataset"]],
        domain=api.info.domain,
        operation=route["id"],
        path=_PARAMETER.sub("me", path),
        scopes=tuple(route["scopes"][0]),
    )
