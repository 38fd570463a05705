"""Terms of a query in PostgreSQL: JSON path, but for moments, which are compared as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from services.broker.context.q import Moment, Operator, Range, Scalar
from services.broker.context.q_terms import Bound, Target, holders, of_types

_MOMENTS: Final = r"^\d{4}-\d\d-\d\dT\d\d\:\d\d\:\d\d([.,]\d{1,6})?Z$"
"""Colons are escaped for SQLAlchemy, which reads them as names of values."""

_KEY: Final = (
    "substr(replace(translate(v.value #>> '{}', ',', '.'), 'Z', '')"
    " || CASE WHEN v.value #>> '{}' ~ '[.,]' THEN '' ELSE '.' END || '000000', 1, 26)"
)
"""Sorts as the moment does, see :attr:`~services.broker.context.q.Moment.key`."""


class Postgres:
    """See :class:`~services.broker.context.q_terms.Dialect`."""

    def has(self, table: str, attribute: str, bound: Bound) -> str:
        return f"jsonb_exists({table}.document, {bound.add(attribute)})"

    def term(
        self, target: Target, operator: Operator, values: Sequence[Scalar | Range], bound: Bound
    ) -> str:
        way = "$" + "".join(f".{_quoted(name)}[*]" for name in target.path)
        targets = _targets(target, operator)
        if not operator:
            if target.meta or target.members:
                way += f" ? ({' || '.join(f'exists(@{found})' for found in targets)})"
            return _exists(target.table, way, {}, bound)
        moments = [value for value in values if _is_moment(value)]
        others = [value for value in values if not _is_moment(value)]
        found = [
            _moment(f"{target.table}.document", way + one, operator, value, bound)
            for value in moments
            for one in targets
        ]
        if others:
            variables: dict[str, Any] = {}
            tests = [_test(f"@{one}", operator, v, variables) for v in others for one in targets]
            found.append(_exists(target.table, f"{way} ? ({' || '.join(tests)})", variables, bound))
        return " OR ".join(found)

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
        objects = " UNION ALL ".join(
            f"SELECT jsonb_path_query({table}.document, CAST({bound.add(way)} AS jsonpath)) value"
            for way in (
                f"$.{_quoted(relation)}[*].object[*]",
                f"$.{_quoted(relation)}[*].objectList[*]",
                f"$.{_quoted(relation)}[*].objectList[*].object[*]",
            )
        )
        return (
            f"EXISTS (SELECT 1 FROM ({objects}) AS {other}_o"  # noqa: S608
            f" JOIN entities AS {other} ON {other}.tenant = {table}.tenant"
            f" AND {other}.id = {other}_o.value #>> '{{}}'"
            f" WHERE true{of_types(other, types, bound, personal=personal)} AND ({condition}))"
        )


def _targets(target: Target, operator: Operator) -> list[str]:
    """Where in an instance the value is, as the end of a path."""
    if target.meta:
        return [f".{target.meta}"]
    members = "".join(f".{_quoted(name)}" for name in target.members)
    # no two kinds share an instance: what is not there is passed over
    found = [f".{holder}{members}" for holder in dict.fromkeys(holders(operator).values())]
    if operator and not members:
        found += [".languageMap.*", '.value."@value"']
    return found


def _exists(table: str, way: str, variables: dict[str, Any], bound: Bound) -> str:
    known = orjson.dumps(variables).decode()
    return (
        f"jsonb_path_exists({table}.document, CAST({bound.add(way)} AS jsonpath),"
        f" CAST({bound.add(known)} AS jsonb), true)"
    )


def _is_moment(value: Scalar | Range) -> bool:
    return isinstance(value.low if isinstance(value, Range) else value, Moment)


def _moment(
    document: str, way: str, operator: Operator, value: Scalar | Range, bound: Bound
) -> str:
    """A moment among the values of a path; lists are looked into."""
    rows = f"jsonb_path_query({document}, CAST({bound.add(way + '[*]')} AS jsonpath)) AS v(value)"
    return (
        f"EXISTS (SELECT 1 FROM {rows} WHERE jsonb_typeof(v.value) = 'string'"  # noqa: S608
        f" AND v.value #>> '{{}}' ~ '{_MOMENTS}' AND {_compared(operator, value, bound)})"
    )


def _compared(operator: Operator, value: Scalar | Range, bound: Bound) -> str:
    if isinstance(value, Range):
        low, high = bound.add(_key(value.low)), bound.add(_key(value.high))
        return f"{_KEY} BETWEEN {low} AND {high}"
    return f"{_KEY} {'=' if operator == '==' else operator} {bound.add(_key(value))}"


def _key(value: Scalar) -> str:
    return value.key if isinstance(value, Moment) else str(value)


def _test(target: str, operator: Operator, value: Scalar | Range, variables: dict[str, Any]) -> str:
    if operator == "~=":
        # a pattern stands in the path itself; JSON's quoting is the path's
        return f"{target} like_regex {_quoted(str(value))}"
    if isinstance(value, Range):
        low, high = _variable(value.low, variables), _variable(value.high, variables)
        return f"({target} >= {low} && {target} <= {high})"
    return f"{target} {operator} {_variable(value, variables)}"


def _variable(value: Scalar, variables: dict[str, Any]) -> str:
    name = f"v{len(variables)}"
    variables[name] = value
    return f"${name}"


def _quoted(name: str) -> str:
    return orjson.dumps(name).decode()
