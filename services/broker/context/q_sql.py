"""Queries to SQL: one tree, said in SQLite's ``json_each`` or in PostgreSQL's JSON path.

A term looks at every instance of an attribute and, where the value is a list, at every element; of
a LanguageProperty at every language.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, not_, or_, text, type_coerce

from services.broker.context.jsonld import Context
from services.broker.context.kinds import METADATA
from services.broker.context.patterns import check_pattern
from services.broker.context.q import Both, Moment, Node, Operator, Range, Scalar, Term, terms
from services.broker.context.q_terms import Bound, Dialect, Target
from services.broker.context.q_terms_postgres import Postgres
from services.broker.context.q_terms_sqlite import Sqlite

COLUMNS: Final = {"createdAt": "created", "modifiedAt": "modified"}
"""System attributes of an entity itself, and where they are."""

_ANY_LANGUAGE: Final = ("*",)
_ROOT: Final = "entities"


class Compiler:
    """Compiles the terms of one query.

    Args:
        context: what the query's names stand for.
        sqlite: for SQLite; for PostgreSQL otherwise.
        personal: whether linked entities about persons may be looked at.
    """

    def __init__(self, context: Context, *, sqlite: bool, personal: bool = False) -> None:
        self._context, self._personal = context, personal
        self._dialect: Dialect = Sqlite() if sqlite else Postgres()
        self._count = 0

    def condition(self, node: Node) -> ColumnElement[bool]:
        """An SQL condition on ``entities``."""
        if isinstance(node, Term):
            return self._term(node)
        parts = [self.condition(part) for part in node.parts]
        return and_(*parts) if isinstance(node, Both) else or_(*parts)

    def has_attribute(self, expanded: str) -> ColumnElement[bool]:
        """An entity has the attribute."""
        bound = self._bound()
        return self._sql(self._dialect.has(_ROOT, expanded, bound), bound)

    def _term(self, term: Term) -> ColumnElement[bool]:
        if term.operator in ("!=", "!~="):
            # §4.9: there is such a value, and none is equal, or matches
            positive: Operator = "==" if term.operator == "!=" else "~="
            there = self._any(term, "", ())
            return and_(there, not_(self._any(term, positive, term.values)))
        return self._any(term, term.operator, term.values)

    def _any(
        self, term: Term, operator: Operator, values: Sequence[Scalar | Range]
    ) -> ColumnElement[bool]:
        bound = self._bound()
        return self._sql(self._linked(term, operator, values, bound, _ROOT, 0), bound)

    def _linked(
        self,
        term: Term,
        operator: Operator,
        values: Sequence[Scalar | Range],
        bound: Bound,
        table: str,
        depth: int,
    ) -> str:
        """The condition on ``table``, through the links of the term that are left."""
        if depth == len(term.links):
            return self._here(term, operator, values, bound, table)
        link = term.links[depth]
        other = f"{bound.mark}e{depth}"
        return self._dialect.linked(
            table,
            other,
            self._context.expand(link.relation),
            [self._context.expand(name) for name in link.types],
            self._linked(term, operator, values, bound, other, depth + 1),
            bound,
            personal=self._personal,
        )

    def _here(
        self,
        term: Term,
        operator: Operator,
        values: Sequence[Scalar | Range],
        bound: Bound,
        table: str,
    ) -> str:
        names = list(term.path)
        if len(names) == 1 and names[0] in COLUMNS and not term.members:
            return _on_column(f"{table}.{COLUMNS[names[0]]}", operator, values, bound)
        meta = names.pop() if len(names) > 1 and names[-1] in METADATA else ""
        members = () if term.members == _ANY_LANGUAGE else term.members
        path = tuple(self._context.expand(name) for name in names)
        target = Target(table, path, meta, members)
        return self._dialect.term(target, operator, values, bound)

    def _bound(self) -> Bound:
        self._count += 1
        return Bound(f"q{self._count}_")

    def _sql(self, condition: str, bound: Bound) -> ColumnElement[bool]:
        values: list[Any] = [bindparam(name, value) for name, value in bound.values.items()]
        # as a condition it can be negated and combined
        return type_coerce(text(f"({condition})").bindparams(*values), Boolean)


def _on_column(
    column: str, operator: Operator, values: Sequence[Scalar | Range], bound: Bound
) -> str:
    """A comparison of a moment that every entity has; with anything else it does not match."""
    if not operator:
        return "1 = 1"
    padded = _padded(column)
    tests = []
    for value in values:
        if isinstance(value, Range):
            low, high = value.low, value.high
            if isinstance(low, Moment) and isinstance(high, Moment):
                tests.append(f"{padded} BETWEEN {bound.add(low.key)} AND {bound.add(high.key)}")
        elif isinstance(value, Moment) and operator != "~=":
            sign = "=" if operator == "==" else operator
            tests.append(f"{padded} {sign} {bound.add(value.key)}")
    return " OR ".join(tests) or "1 = 0"


def _padded(column: str) -> str:
    """Moments are written with ``Z``, with or without a fraction: see :attr:`Moment.key`."""
    dot = f"CASE WHEN {column} LIKE '%.%' THEN '' ELSE '.' END"
    return f"substr(replace({column}, 'Z', '') || {dot} || '000000', 1, 26)"


def checked_patterns(node: Node) -> None:
    """Refuse patterns that could take for ever.

    Raises:
        BadRequestData, TooComplexQuery: see :func:`check_pattern`.
    """
    for term in terms(node):
        if term.operator in ("~=", "!~="):
            check_pattern(str(term.values[0]), "q")
