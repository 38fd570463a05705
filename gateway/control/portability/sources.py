"""Where a resident's own data can be read: the personal lists of all attached APIs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
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

    several: bool = False
    """Whether there are others of the same data set."""

    def title(self, language: str) -> str:
        """Of the data set; where it has several lists, with what the address calls this one."""
        title = self.dataset.called(language)
        return f"{title} ({self.path.rpartition('/')[2]})" if self.several else title


def sources(apis: Iterable[CompiledApi]) -> list[Source]:
    """All of them, in the order of their paths; the platform's own part is read without them."""
    found = [
        source
        for api in apis
        for route in api.routes
        if (source := _source(api, route)) is not None
    ]
    count = Counter(one.dataset.id for one in found)
    several = [replace(one, several=count[one.dataset.id] > 1) for one in found]
    return sorted(several, key=lambda one: one.path)


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
