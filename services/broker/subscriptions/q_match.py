"""Whether an entity meets a query (GS CIM 009 §4.9), decided on the entity itself.

The same answers as :mod:`services.broker.context.q_sql` gives from the store.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from services.broker.context.jsonld import Context
from services.broker.context.kinds import METADATA, Attributes, Instance
from services.broker.context.model import ContextEntity
from services.broker.context.q import MOMENT, Both, Moment, Node, Operator, Range, Scalar, Term
from services.broker.context.q_terms import holders

_MOST_TEXT: Final = 500
"""Characters of a text that a regular expression looks at."""

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def meets(node: Node, entity: ContextEntity, context: Context) -> bool:
    """Whether ``entity`` meets the query.

    Args:
        context: what the query's names stand for.
    """
    if isinstance(node, Term):
        return _term(node, entity, context)
    answers = (meets(part, entity, context) for part in node.parts)
    return all(answers) if isinstance(node, Both) else any(answers)


def _term(term: Term, entity: ContextEntity, context: Context) -> bool:
    if not term.operator:
        return _any(_targets(term, "", entity, context))
    if term.operator in ("!=", "!~="):
        # §4.9: there is such a value, and none is equal, or matches
        positive: Operator = "==" if term.operator == "!=" else "~="
        there = _any(_targets(term, "", entity, context))
        return there and not _holds(term, positive, entity, context)
    return _holds(term, term.operator, entity, context)


def _any(values: Iterator[Any]) -> bool:
    return next(values, _NOTHING) is not _NOTHING


def _holds(term: Term, sign: Operator, entity: ContextEntity, context: Context) -> bool:
    return any(
        _is(sign, value, wanted)
        for value in _targets(term, sign, entity, context)
        for wanted in term.values
    )


_NOTHING: Final = object()


def _targets(term: Term, sign: Operator, entity: ContextEntity, context: Context) -> Iterator[Any]:
    """What the term is about: one value for each instance, and for each element of a list."""
    names = list(term.path)
    meta = names.pop() if len(names) > 1 and names[-1] in METADATA else ""
    held = holders(sign)
    for instance in _instances(entity.attributes, [context.expand(name) for name in names]):
        kind = instance["type"]
        if meta:
            found = instance.get(meta, _NOTHING)
        else:
            found = _member(instance[held[kind]], term.members) if kind in held else _NOTHING
        if found is not _NOTHING:
            yield from _values(found, instance, whole=bool(meta or term.members))


def _instances(attributes: Attributes, path: list[str]) -> Iterator[Instance]:
    for instance in attributes.get(path[0], ()):
        if len(path) == 1:
            yield instance
        else:
            yield from _instances(instance, path[1:])


def _member(value: Any, members: tuple[str, ...]) -> Any:
    for name in members:
        if not isinstance(value, dict) or name not in value:
            return _NOTHING
        value = value[name]
    return value


def _values(found: Any, instance: Instance, *, whole: bool) -> Iterator[Any]:
    if isinstance(found, list):
        yield from found
    elif isinstance(found, dict) and not whole and instance["type"] == "LanguageProperty":
        for text in found.values():
            yield from text if isinstance(text, list) else [text]
    elif isinstance(found, dict) and "@value" in found:
        yield found["@value"]
    else:
        yield found


def _is(sign: Operator, value: Any, wanted: Scalar | Range) -> bool:
    if sign == "~=":
        return isinstance(value, str) and bool(_compiled(str(wanted)).search(value[:_MOST_TEXT]))
    if isinstance(wanted, Range):
        return _is(">=", value, wanted.low) and _is("<=", value, wanted.high)
    if isinstance(wanted, Moment):
        return _is_moment(value) and _COMPARE[sign](Moment(value).key, wanted.key)
    return _same_kind(value, wanted) and _COMPARE[sign](value, wanted)


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and MOMENT.fullmatch(value) is not None


def _same_kind(value: Any, wanted: Scalar) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(wanted, bool)
    return isinstance(value, str) is isinstance(wanted, str) and isinstance(
        value, str | int | float
    )


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
