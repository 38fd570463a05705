"""Scopes: a hierarchy that entities are put into (GS CIM 009 §4.18)."""

from __future__ import annotations

import re
from typing import Any, Final

from services.broker.context.errors import BadRequestData
from services.broker.context.kinds import NULL

_LEVEL: Final = r"[^\W\d_]\w*"
_SCOPE: Final = re.compile(rf"/?{_LEVEL}(?:/{_LEVEL})*")
_MOST: Final = 100
_LONGEST: Final = 512


def parse_scopes(value: Any) -> tuple[str, ...]:
    """The scopes in an entity's ``scope`` member: one, or a list of them.

    Raises:
        BadRequestData: something is no scope.
    """
    found = value if isinstance(value, list) else [value]
    if not 0 < len(found) <= _MOST:
        raise BadRequestData(f"/scope: an entity has 1 to {_MOST} scopes, or no such member.")
    for scope in found:
        if not isinstance(scope, str) or len(scope) > _LONGEST or not _SCOPE.fullmatch(scope):
            raise BadRequestData(
                f"/scope: {str(scope)[:80]!r} is no scope: names of letters, digits and _,"
                " separated by /, such as /Mirai/North."
            )
    return tuple(dict.fromkeys(found))


def is_removed(value: Any) -> bool:
    """Whether an update's ``scope`` member says "remove it"."""
    return value in (NULL, [NULL])


def shown(scopes: tuple[str, ...]) -> str | list[str]:
    """As an entity's ``scope`` member shows them."""
    return scopes[0] if len(scopes) == 1 else list(scopes)
