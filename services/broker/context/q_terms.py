"""What the two ways to say a term of a query in SQL have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from services.broker.context.kinds import VALUE_OF
from services.broker.context.q import Operator, Range, Scalar

COMPARABLE: Final[Mapping[str, str]] = {
    kind: holder for kind, holder in VALUE_OF.items() if not kind.endswith("Relationship")
}
"""Kinds of attributes that more than ``==`` and ``!=`` look at (§4.9)."""


def holders(operator: str) -> Mapping[str, str]:
    """Kind of attribute → the member that an operator looks at."""
    return VALUE_OF if operator in ("", "==") else COMPARABLE


@dataclass(slots=True)
class Bound:
    """The values of one piece of SQL, under names that occur once in the query.

    Attributes:
        mark: what these names begin with.
    """

    mark: str
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, value: Any) -> str:
        """Bind a value; how the SQL names it."""
        name = f"{self.mark}{len(self.values)}"
        self.values[name] = value
        return f":{name}"


@dataclass(frozen=True, slots=True)
class Target:
    """What a term looks at.

    Attributes:
        table: ``entities``, or the alias of linked ones.
        path: expanded names of an attribute, then of attributes of it.
        meta: ``observedAt``, ``unitCode``…, or empty for the value.
        members: the way into the value.
    """

    table: str
    path: tuple[str, ...]
    meta: str
    members: tuple[str, ...]


class Dialect(Protocol):
    """Conditions in one store's SQL, as text."""

    def has(self, table: str, attribute: str, bound: Bound) -> str: ...

    def term(
        self, target: Target, operator: Operator, values: Sequence[Scalar | Range], bound: Bound
    ) -> str: ...

    def linked(
        self,
        table: str,
        other: str,
        relation: str,
        types: Sequence[str],
        condition: str,
        bound: Bound,
        *,
        personal: bool,
    ) -> str:
        """An entity, ``other``, that ``table``'s relation names, meets the condition."""
        ...


def of_types(other: str, types: Sequence[str], bound: Bound, *, personal: bool) -> str:
    """``other`` may be looked at, and is of one of these types."""
    seen = "" if personal else f" AND {other}.restricted = 0"
    if not types:
        return seen
    named = ", ".join(bound.add(name) for name in types)
    same = f"entity_types.tenant = {other}.tenant AND entity_types.entity = {other}.id"
    return (
        f"{seen} AND EXISTS (SELECT 1 FROM entity_types"  # noqa: S608 - values are bound
        f" WHERE {same} AND entity_types.type IN ({named}))"
    )
