"""The data sets of a policy: what the law calls them, and where their fields are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.core.consent.tree import Tree, tree_of
from gateway.core.policy.check import At

LEGAL_CLASSES: Final = ("open", "personal", "pseudonymised", "anonymised", "person-related")


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """One compiled :class:`schemas.consent.DatasetRule`."""

    id: str
    legal_class: str = "open"
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def tree(self, granted: Iterable[str]) -> Tree:
        """What of an answer the fields with these ids let pass."""
        wanted = frozenset(granted)
        return tree_of(path for name, paths in self.fields if name in wanted for path in paths)


def read(at: At | None) -> dict[str, Dataset]:
    """The snapshot's ``datasets``.

    Raises:
        Invalid: one cannot be.
    """
    if at is None:
        return {}
    return {name: _dataset(name, item) for name, item in at.members()}


def _dataset(name: str, at: At) -> Dataset:
    fields = tuple(
        (field, tuple(path.text() for path in paths.each()))
        for field, paths in at["fields"].members()
    )
    return Dataset(name, at["legal_class"].one_of(*LEGAL_CLASSES), fields)
