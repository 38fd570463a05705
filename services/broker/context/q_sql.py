"""Queries to SQL: one tree, said in SQLite's ``json_each`` or in PostgreSQL's JSON path.

A term looks at every instance of an attribute and, where the value is a list, at every element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Boolean, ColumnElement, and_, bindparam, not_, or_, text, type_coerce

from services.broker.context.attributes import METADATA, VALUE_OF
from services.broker.context.jsonld import Context
from services.broker.context.patterns import check_pattern
from services.broker.context.q import Both, Node, Range, Scalar, Term

_HOLDERS: Final = tuple(dict.fromkeys(VALUE_OF.values()))
_MOST_TEXT: Final = 500
"""Characters of a text that a regular expression looks at."""

_HOLDER_SQL: Final = (
    "CASE json_extract({i}.value, '$.type') "
    + " ".join(f"WHEN '{kind}' THEN '$.{holder}'" for kind, holder in VALUE_OF.items())
    + " END"
)


class Compiler:
    """Compiles the terms of one query.

    Args:
        context: what the query's names stand for.
        sqlite: for SQLite; for PostgreSQL otherwise.
    """

    def __init__(self, context: Context, *, sqlite: bool) -> None:
        self._context, self._sqlite = context, sqlite
        self._count = 0

    def condition(self, node: Node) -> ColumnElement[bool]:
        """An SQL condition on ``entities``."""
        if isinstance(node, Term):
            return self._term(node)
        parts = [self.condition(part) for part in node.parts]
        return and_(*parts) if isinstance(node, Both) else or_(*parts)

    def has_attribute(self, expanded: str) -> ColumnElement[bool]:
        """An entity has the attribute."""
        if self._sqlite:
            return self._sql(
                "json_type(entities.document, :{n}p) IS NOT NULL", p=_sqlite_path(expanded)
            )
        return self._sql("jsonb_exists(entities.document, :{n}p)", p=expanded)

    def _term(self, term: Term) -> ColumnElement[bool]:
        if term.operator in ("!=", "!~="):
            # §4.9: there is such a value, and none is equal, or matches
            positive = "==" if term.operator == "!=" else "~="
            there = self._any(term, "", ())
            return and_(there, not_(self._any(term, positive, term.values)))
        return self._any(term, term.operator, term.values)

    def _any(
        self, term: Term, operator: str, values: Sequence[Scalar | Range]
    ) -> ColumnElement[bool]:
        names = list(term.path)
        meta = names.pop() if len(names) > 1 and names[-1] in METADATA else ""
        path = [self._context.expand(name) for name in names]
        if self._sqlite:
            return self._sqlite_any(path, meta, term.members, operator, values)
        return self._postgres_any(path, meta, term.members, operator, values)

    def _sql(self, template: str, **values: Any) -> ColumnElement[bool]:
        """SQL text with its values bound under names that occur once in the query."""
        self._count += 1
        mark = f"q{self._count}_"
        bound: list[Any] = [bindparam(mark + name, value) for name, value in values.items()]
        clause = text(f"({template.replace('{n}', mark)})").bindparams(*bound)
        return type_coerce(clause, Boolean)  # as a condition it can be negated and combined

    # ---- SQLite

    def _sqlite_any(
        self,
        path: Sequence[str],
        meta: str,
        members: Sequence[str],
        operator: str,
        values: Sequence[Scalar | Range],
    ) -> ColumnElement[bool]:
        """EXISTS over the instances of each name of the path, then over the target's values."""
        bound: dict[str, Any] = {"p0": _sqlite_path(path[0])}
        tables = ["json_each(entities.document, :{n}p0) AS i0"]
        for depth, name in enumerate(path[1:], start=1):
            bound[f"p{depth}"] = _sqlite_path(name)
            tables.append(f"json_each(i{depth - 1}.value, :{{n}}p{depth}) AS i{depth}")
        last = f"i{len(path) - 1}"
        if operator or members or meta:
            bound["m"] = "".join(f'."{_member(name)}"' for name in members)
            holder = f"'$.{meta}'" if meta else _HOLDER_SQL.format(i=last)
            tables.append(f"json_each({last}.value, {holder} || :{{n}}m) AS v")
        where = _sqlite_where(last, operator, values, bound) if operator else "1"
        return self._sql(f"EXISTS (SELECT 1 FROM {', '.join(tables)} WHERE {where})", **bound)  # noqa: S608

    # ---- PostgreSQL

    def _postgres_any(
        self,
        path: Sequence[str],
        meta: str,
        members: Sequence[str],
        operator: str,
        values: Sequence[Scalar | Range],
    ) -> ColumnElement[bool]:
        way = "$" + "".join(f".{_quoted(name)}[*]" for name in path)
        inner = "".join(f".{_quoted(_member(name))}" for name in members)
        bound: dict[str, Any] = {}
        targets = [f"@.{meta}"] if meta else [f"@.{holder}{inner}" for holder in _HOLDERS]
        if operator:
            if not meta and not members:
                targets += ["@.languageMap.*", '@.value."@value"']
            tests = [_postgres_test(t, operator, v, bound) for v in values for t in targets]
            way += f" ? ({' || '.join(tests)})"
        elif meta or members:
            way += f" ? ({' || '.join(f'exists({target})' for target in targets)})"
        return self._sql(
            "jsonb_path_exists(entities.document, CAST(:{n}way AS jsonpath),"
            " CAST(:{n}vars AS jsonb), true)",
            way=way,
            vars=orjson.dumps(bound).decode(),
        )


def _sqlite_where(
    last: str, operator: str, values: Sequence[Scalar | Range], bound: dict[str, Any]
) -> str:
    # members of an object are no values, but for a typed value's and a language map's
    whole = (
        "(typeof(v.key) <> 'text' OR v.key = '@value'"
        f" OR json_extract({last}.value, '$.type') = 'LanguageProperty')"
    )
    tests = []
    for number, value in enumerate(values):
        low, high = (value.low, value.high) if isinstance(value, Range) else (value, None)
        bound[f"a{number}"] = _plain(low)
        test = f"{_sqlite_type(low)} AND {_sqlite_compare(operator, f':{{n}}a{number}', high)}"
        if high is not None:
            bound[f"b{number}"] = _plain(high)
            test += f" AND v.value <= :{{n}}b{number}"
        tests.append(f"({test})")
    return f"{whole} AND ({' OR '.join(tests)})"


def _sqlite_type(value: Scalar) -> str:
    if isinstance(value, bool):
        return "v.type IN ('true', 'false')"
    return "v.type = 'text'" if isinstance(value, str) else "v.type IN ('integer', 'real')"


def _sqlite_compare(operator: str, mark: str, high: Scalar | None) -> str:
    if operator == "~=":
        return f"substr(v.value, 1, {_MOST_TEXT}) REGEXP {mark}"
    if high is not None:
        return f"v.value >= {mark}"
    return f"v.value {'=' if operator == '==' else operator} {mark}"


def _plain(value: Scalar) -> Scalar:
    return int(value) if isinstance(value, bool) else value


def _postgres_test(target: str, operator: str, value: Scalar | Range, bound: dict[str, Any]) -> str:
    if operator == "~=":
        # a pattern stands in the path itself; JSON's quoting is the path's
        return f"{target} like_regex {_quoted(str(value))}"
    if isinstance(value, Range):
        low, high = _var(value.low, bound), _var(value.high, bound)
        return f"({target} >= {low} && {target} <= {high})"
    return f"{target} {operator} {_var(value, bound)}"


def _var(value: Scalar, bound: dict[str, Any]) -> str:
    name = f"v{len(bound)}"
    bound[name] = value
    return f"${name}"


def _quoted(name: str) -> str:
    return orjson.dumps(name).decode()


def _member(name: str) -> str:
    return name.replace('"', "")


def _sqlite_path(name: str) -> str:
    return f'$."{name}"'


def checked_patterns(node: Node) -> None:
    """Refuse patterns that could take for ever.

    Raises:
        BadRequestData, TooComplexQuery: see :func:`check_pattern`.
    """
    if isinstance(node, Term):
        if node.operator in ("~=", "!~="):
            check_pattern(str(node.values[0]), "q")
        return
    for part in node.parts:
        checked_patterns(part)
