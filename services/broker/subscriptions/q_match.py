"""Whether an entity meets a query (GS CIM 009 §4.9), decided on the entity itself.

The same answers as :mod:`services.broker.context.q_sql` gives from the store.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from services.broker.context.attributes import METADATA, VALUE_OF, Attributes, Instance
from services.broker.context.jsonld import Context
from services.broker.context.model import ContextEntity
from services.broker.context.q import Both, Node, Range, Scalar, Term

_MOST_TEXT: Final = 500
"""Characters of a text that a regular expression looks at."""

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_TIMES: Final = {"createdAt": "created", "modifiedAt": "modified"}


def names_in(node: Node) -> set[str]:
    """The names of attributes, and of attributes of attributes, in a query."""
    if isinstance(node, Term):
        return set(node.path)
    return {name for part in node.parts for name in names_in(part)}


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
    values = _targets(term, entity, context)
    if not term.operator:
        return next(values, _NOTHING) is not _NOTHING
    if term.operator in ("!=", "!~="):
        # §4.9: there is such a value, and none is equal, or matches
        found = list(values)
        positive = "==" if term.operator == "!=" else "~="
        return bool(found) and not any(_holds(positive, v, term.values) for v in found)
    return any(_holds(term.operator, value, term.values) for value in values)


_NOTHING: Final = object()


def _targets(term: Term, entity: ContextEntity, context: Context) -> Iterator[Any]:
    """What the term is about: one value for each instance, and for each element of a list."""
    names = list(term.path)
    if len(names) == 1 and names[0] in _TIMES:
        yield getattr(entity, _TIMES[names[0]])
        return
    meta = names.pop() if len(names) > 1 and names[-1] in METADATA else ""
    for instance in _instances(entity.attributes, [context.expand(name) for name in names]):
        if meta:
            found = instance.get(meta, _NOTHING)
        else:
            found = _member(instance[VALUE_OF[instance["type"]]], term.members)
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


def _holds(sign: str, value: Any, wanted: tuple[Scalar | Range, ...]) -> bool:
    return any(_is(sign, value, one) for one in wanted)


def _is(sign: str, value: Any, wanted: Scalar | Range) -> bool:
    if sign == "~=":
        return isinstance(value, str) and bool(_compiled(str(wanted)).search(value[:_MOST_TEXT]))
    if isinstance(wanted, Range):
        return _same_kind(value, wanted.low) and wanted.low <= value <= wanted.high
    return _same_kind(value, wanted) and _COMPARE[sign](value, wanted)


def _same_kind(value: Any, wanted: Scalar) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(wanted, bool)
    return isinstance(value, str) is isinstance(wanted, str) and isinstance(
        value, str | int | float
    )


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
