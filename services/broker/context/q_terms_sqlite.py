"""Terms of a query in SQLite: ``json_each`` over instances, then over values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.broker.context.q import Moment, Operator, Range, Scalar
from services.broker.context.q_terms import Bound, Target, holders, of_types

_MOST_TEXT: Final = 500
"""Characters of a text that a regular expression looks at."""

_DIGITS: Final = "[0-9]" * 2
_MOMENTS: Final = f"{_DIGITS * 2}-{_DIGITS}-{_DIGITS}T{_DIGITS}:{_DIGITS}:{_DIGITS}*Z"
_KEY: Final = (
    "substr(replace(replace(v.value, ',', '.'), 'Z', '')"
    " || CASE WHEN v.value GLOB '*[.,]*' THEN '' ELSE '.' END || '000000', 1, 26)"
)
"""Sorts as the moment does, see :attr:`~services.broker.context.q.Moment.key`."""


class Sqlite:
    """See :class:`~services.broker.context.q_terms.Dialect`."""

    def has(self, table: str, attribute: str, bound: Bound) -> str:
        return f"json_type({table}.document, {bound.add(_path(attribute))}) IS NOT NULL"

    def term(
        self, target: Target, operator: Operator, values: Sequence[Scalar | Range], bound: Bound
    ) -> str:
        tables, last = _instances(target, bound)
        if not (operator or target.members or target.meta):
            return f"EXISTS (SELECT 1 FROM {tables})"  # noqa: S608
        tests = [_test(operator, value, bound) for value in values]
        where = " OR ".join(tests) if operator else "1"
        kind = f"json_extract({last}.value, '$.type')"
        # members of an object are no values, but for a typed value's
        whole = "(typeof(v.key) <> 'text' OR v.key = '@value')" if operator else "1"
        held = _held(target, operator, kind)
        way = bound.add("".join(f'."{_member(name)}"' for name in target.members))
        found = (
            f"EXISTS (SELECT 1 FROM {tables}, json_each({last}.value, {held} || {way}) AS v"  # noqa: S608
            f" WHERE {whole} AND ({where}))"
        )
        if target.meta or target.members or not operator:
            return found
        languages = (
            f"EXISTS (SELECT 1 FROM {tables}, json_tree({last}.value, '$.languageMap') AS v"  # noqa: S608
            f" WHERE {kind} = 'LanguageProperty' AND ({where}))"
        )
        return f"{found} OR {languages}"

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
        i, o = f"{other}_i", f"{other}_o"
        path = bound.add(_path(relation))
        return (
            f"EXISTS (SELECT 1 FROM json_each({table}.document, {path}) AS {i},"  # noqa: S608
            f" json_tree(json_array(json_extract({i}.value, '$.object'),"
            f" json_extract({i}.value, '$.objectList'))) AS {o}"
            f" JOIN entities AS {other}"
            f" ON {other}.tenant = {table}.tenant AND {other}.id = {o}.atom"
            f" WHERE {o}.type = 'text'{of_types(other, types, bound, personal=personal)}"
            f" AND ({condition}))"
        )


def _instances(target: Target, bound: Bound) -> tuple[str, str]:
    """``json_each`` for each name of the path; the alias of the last."""
    prefix = target.table.removesuffix("entities")
    above = f"{target.table}.document"
    tables = []
    for depth, name in enumerate(target.path):
        alias = f"{prefix}i{depth}"
        tables.append(f"json_each({above}, {bound.add(_path(name))}) AS {alias}")
        above = f"{alias}.value"
    return ", ".join(tables), f"{prefix}i{len(target.path) - 1}"


def _held(target: Target, operator: Operator, kind: str) -> str:
    """The path of the member that is compared; none for kinds that the operator passes over."""
    if target.meta:
        return f"'$.{target.meta}'"
    cases = " ".join(f"WHEN '{k}' THEN '$.{holder}'" for k, holder in holders(operator).items())
    return f"CASE {kind} {cases} END"


def _test(operator: Operator, value: Scalar | Range, bound: Bound) -> str:
    if isinstance(value, Range):
        low = _compared(">=", value.low, bound)
        return f"({low} AND {_compared('<=', value.high, bound)})"
    return f"({_compared(operator, value, bound)})"


def _compared(operator: str, value: Scalar, bound: Bound) -> str:
    sign = "=" if operator == "==" else operator
    if isinstance(value, bool):
        return f"v.type IN ('true', 'false') AND v.value {sign} {bound.add(int(value))}"
    if isinstance(value, Moment):
        moment = f"v.type = 'text' AND v.value GLOB '{_MOMENTS}'"
        return f"{moment} AND {_KEY} {sign} {bound.add(value.key)}"
    if isinstance(value, str):
        if operator == "~=":
            return f"v.type = 'text' AND substr(v.value, 1, {_MOST_TEXT}) REGEXP {bound.add(value)}"
        return f"v.type = 'text' AND v.value {sign} {bound.add(str(value))}"
    return f"v.type IN ('integer', 'real') AND v.value {sign} {bound.add(value)}"


def _path(name: str) -> str:
    return f'$."{name}"'


def _member(name: str) -> str:
    return name.replace('"', "")
