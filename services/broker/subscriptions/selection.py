"""Which names an entity must have: the one grammar of type selection (§4.17) and scopes (§4.19).

``A,B`` and ``A|B`` say "or"; ``(A;B)`` says "and". Read into a disjunction of conjunctions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

from services.broker.context.errors import BadRequestData

Disjunction = tuple[tuple[str, ...], ...]
"""At least one of these, all names of it together."""

_MOST_NAMES: Final = 100
_TOKEN: Final = re.compile(r"[(),|;]|[^(),|;]+")
_SIGNS: Final = "(),|;{}"
_SIGN_OR_NAME: Final = re.compile(r"[(),|;{}]|[^(),|;{}]+")
_SCOPE: Final = re.compile(r"/?[^\W\d_+#][\w]*(?:/[\w+]+)*(?:/#)?|/?\+(?:/[\w+]+)*(?:/#)?|/#")


def parse_disjunction(text: str, where: str) -> Disjunction:
    """The names that ``text`` combines.

    Raises:
        BadRequestData: it does not follow the grammar.
    """
    tokens = [token.strip() for token in _TOKEN.findall(text)]
    if len(tokens) > 2 * _MOST_NAMES:
        raise BadRequestData(f"{where}: has at most {_MOST_NAMES} names.")
    found: list[tuple[str, ...]] = []
    while True:
        found.append(_conjunction(tokens, where))
        if not tokens:
            return tuple(found)
        if tokens.pop(0) not in (",", "|"):
            raise _wrong(where)


def _conjunction(tokens: list[str], where: str) -> tuple[str, ...]:
    if not tokens or tokens[0] != "(":
        return (_name(tokens, where),)
    tokens.pop(0)
    names = [_name(tokens, where)]
    while tokens and tokens[0] == ";":
        tokens.pop(0)
        names.append(_name(tokens, where))
    if not tokens or tokens.pop(0) != ")":
        raise _wrong(where)
    return tuple(names)


def _name(tokens: list[str], where: str) -> str:
    if not tokens or not tokens[0] or tokens[0] in "(),|;":
        raise _wrong(where)
    return tokens.pop(0)


def _wrong(where: str) -> BadRequestData:
    return BadRequestData(f"{where}: names are combined as A,B or A|B or (A;B).")


def rewritten(text: str, rename: Callable[[str], str]) -> str:
    """The same combination of other names, expanded or compacted; that of a projection too."""
    parts = _SIGN_OR_NAME.findall(text)
    return "".join(p if p in _SIGNS else rename(p.strip()) for p in parts)


def has_types(wanted: Disjunction, types: Collection[str]) -> bool:
    return any(all(name in types for name in names) for names in wanted)


def parse_scopes(text: str, where: str) -> Disjunction:
    """A scope query.

    Raises:
        BadRequestData: it does not follow the grammar.
    """
    found = parse_disjunction(text, where)
    if not all(_SCOPE.fullmatch(name) for names in found for name in names):
        raise BadRequestData(f"{where}: a scope is /Level/Level, with + or /# as wildcards.")
    return found


def has_scopes(wanted: Disjunction, scopes: Collection[str]) -> bool:
    return any(
        all(any(_covers(name, scope) for scope in scopes) for name in names) for names in wanted
    )


def _covers(pattern: str, scope: str) -> bool:
    wanted, levels = pattern.strip("/").split("/"), scope.strip("/").split("/")
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        want in ("+", level) for want, level in zip(wanted, levels, strict=True)
    )
