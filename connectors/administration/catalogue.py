"""The procedures that residents can file, as the feed said them last."""

from __future__ import annotations

from connectors.administration.procedures import Procedure
from connectors.feed import Feed
from schemas.problem import NotFound


class Catalogue:
    def __init__(self, feed: Feed[dict[str, Procedure]]) -> None:
        self._feed = feed

    def all(self) -> list[Procedure]:
        return list(self._procedures.values())

    def get(self, identity: str) -> Procedure:
        """One procedure.

        Raises:
            NotFound: there is none of that id.
        """
        found = self._procedures.get(identity)
        if found is None:
            raise NotFound(
                f"There is no procedure {identity[:60]!r}; GET /administration/v1/procedures."
            )
        return found

    @property
    def _procedures(self) -> dict[str, Procedure]:
        return self._feed.value or {}
