"""The NGSI-LD query language (GS CIM 009 §4.9): from text to a tree.

Read here: ``;`` (and) before ``|`` (or), parentheses, ``==  !=  >  >=  <  <=  ~=  !~=``, existence,
value lists ``a,b``, ranges ``a..b``, ``attribute.sub`` paths, ``attribute[member.member]``,
``attribute[language]`` and paths through linked entities, ``relation{Type:attribute}``. A pattern
that holds ``;``, ``|`` or a parenthesis stands in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from services.broker.context.errors import BadRequestData, TooComplexQuery

Scalar = str | int | float | bool
Operator = Literal["", "==", "!=", ">", ">=", "<", "<=", "~=", "!~="]

_MOST_TERMS: Final = 40
_MOST_DEPTH: Final = 10
_MOST_TEXT: Final = 4000
_MOST_VALUES: Final = 100
_MOST_LINKS: Final = 5
_NAME: Final = re.compile(r"[^\W\d_][\w:/#-]*")
_NAME_WITHIN: Final = re.compile(r"[^\W\d_]\w*")  # there a colon ends the types
_MEMBER: Final = re.compile(r"[^\s.\[\]{}\"]+")
MOMENT: Final = re.compile(
    r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)"
    r"(?:[.,](\d{1,6}))?Z"
)
_OPERATOR: Final = re.compile(r"==|!=|>=|<=|!~=|~=|>|<")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_QUOTED: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_BARE: Final = re.compile(r"(?:(?!\.\.)[^;|(),\"])+")
_TAIL: Final = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|[^;|)\"])+")


class Moment(str):
    """A DateTime (§4.6.3), which compares by time and not by its characters."""

    __slots__ = ()

    @property
    def key(self) -> str:
        """Its moment with six digits of fraction and no zone: these sort as the moments do."""
        found = MOMENT.fullmatch(self)
        assert found is not None  # noqa: S101 - made of nothing else
        return f"{found[1]}.{(found[2] or '').ljust(6, '0')}"


@dataclass(frozen=True, slots=True)
class Link:
    """A step to the entities that a Relationship names.

    Attributes:
        relation: the Relationship's short name.
        types: short names; entities of one of these, any when empty.
    """

    relation: str
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends belong to it."""

    low: Scalar
    high: Scalar


@dataclass(frozen=True, slots=True)
class Term:
    """One condition.

    Attributes:
        path: attribute, then attributes of attributes; short names.
        members: way into a structured value.
        operator: empty for "is there".
        values: what to compare with; several only with ``==`` and ``!=``.
        links: the way to the linked entity whose attribute is meant; none for the entity itself.
    """

    path: tuple[str, ...]
    members: tuple[str, ...] = ()
    operator: Operator = ""
    values: tuple[Scalar | Range, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Both:
    """All of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of them."""

    parts: tuple[Node, ...]


Node = Term | Both | Either


def parse_q(text: str) -> Node:
    """The tree of a query.

    Raises:
        BadRequestData: it does not follow the grammar; says where.
        TooComplexQuery: more terms or parentheses than are answered.
    """
    if len(text) > _MOST_TEXT:
        raise TooComplexQuery(f"q has more than {_MOST_TEXT} characters.")
    reader = _Reader(text)
    node = reader.either(0)
    if reader.at < len(text):
        raise reader.wrong("an operator, ; or |")
    return node


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0
        self._terms = 0

    def wrong(self, wanted: str) -> BadRequestData:
        return BadRequestData(
            f"q: expected {wanted} at character {self.at + 1}: {self._text[self.at :][:40]!r}."
        )

    def either(self, depth: int) -> Node:
        parts = [self._both(depth)]
        while self._take("|"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._take(";"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self, depth: int) -> Node:
        if not self._take("("):
            return self._term()
        if depth >= _MOST_DEPTH:
            raise TooComplexQuery(f"q: parentheses go {_MOST_DEPTH} deep at most.")
        node = self.either(depth + 1)
        if not self._take(")"):
            raise self.wrong(")")
        return node

    def _term(self) -> Term:
        self._terms += 1
        if self._terms > _MOST_TERMS:
            raise TooComplexQuery(f"q has more than {_MOST_TERMS} terms.")
        path, members, links = self._attribute()
        found = self._match(_OPERATOR)
        if not found:
            return Term(path, members, links=links)
        operator: Operator = found  # type: ignore[assignment]
        return Term(path, members, operator, self._values(operator), links)

    def _attribute(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Link, ...]]:
        """Path, members, and the links that lead there: ``a.b[c]`` or ``relation{Type:a.b[c]}``."""
        links: list[Link] = []
        path = self._names(_NAME)
        while self._take("{"):
            if len(path) != 1 or len(links) >= _MOST_LINKS:
                raise self.wrong(f"a Relationship's name, and {_MOST_LINKS} links at most,")
            types, following = self._linked()
            links.append(Link(path[0], types))
            path = following
        members = self._members()
        for _ in links:
            if not self._take("}"):
                raise self.wrong("}")
        return path, members, tuple(links)

    def _linked(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The types before the colon, where there is one, and the path behind it."""
        start = self.at
        types = [self._name(_NAME_WITHIN)]
        while self._take(","):
            types.append(self._name(_NAME_WITHIN))
        if self._take(":"):
            return tuple(types), self._names(_NAME_WITHIN)
        self.at = start
        return (), self._names(_NAME_WITHIN)

    def _members(self) -> tuple[str, ...]:
        if not self._take("["):
            return ()
        names = [self._name(_MEMBER)]
        while self._take("."):
            names.append(self._name(_MEMBER))
        if not self._take("]"):
            raise self.wrong("]")
        return tuple(names)

    def _names(self, pattern: re.Pattern[str]) -> tuple[str, ...]:
        names = [self._name(pattern)]
        while self._take("."):
            names.append(self._name(pattern))
        return tuple(names)

    def _name(self, pattern: re.Pattern[str]) -> str:
        name = self._match(pattern)
        if not name:
            raise self.wrong("a name")
        return name

    def _values(self, operator: Operator) -> tuple[Scalar | Range, ...]:
        if operator in ("~=", "!~="):
            pattern = self._match(_TAIL)
            if not pattern:
                raise self.wrong("a pattern")
            return (_unquoted(pattern),)
        if operator not in ("==", "!="):
            return (self._scalar(),)
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
            if len(values) > _MOST_VALUES:
                raise TooComplexQuery(f"q: a list has {_MOST_VALUES} values at most.")
        return tuple(values)

    def _value(self) -> Scalar | Range:
        low = self._scalar()
        if not self._text.startswith("..", self.at):
            return low
        self.at += 2
        high = self._scalar()
        if isinstance(low, str) is not isinstance(high, str):
            raise BadRequestData("q: both ends of a range are numbers, or both are texts.")
        return Range(low, high)

    def _scalar(self) -> Scalar:
        self._match(re.compile(r" *"))
        quoted = self._match(_QUOTED)
        if quoted:
            return _unquoted(quoted)
        moment = self._match(MOMENT)  # before the rest, as it may have a comma
        if moment:
            return Moment(moment)
        bare = self._match(_BARE).strip()
        if not bare:
            raise self.wrong("a value")
        if bare in ("true", "false"):
            return bare == "true"
        if _NUMBER.fullmatch(bare):
            return float(bare) if set(bare) & set(".eE") else int(bare)
        return bare  # a date, a time or a URI

    def _take(self, sign: str) -> bool:
        if not self._text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]


def _unquoted(text: str) -> str:
    if not (len(text) > 1 and text[0] == text[-1] == '"'):
        return text
    try:
        found = str(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise BadRequestData(f"q: {text[:40]} is no JSON string.") from error
    if "\x00" in found:
        raise BadRequestData("q: a text has a NUL character; leave it out.")
    return found


def terms(node: Node) -> Iterator[Term]:
    """Every condition of a query."""
    if isinstance(node, Term):
        yield node
        return
    for part in node.parts:
        yield from terms(part)
