"""Reading a long JSON document (RFC 8259) in steps.

The containers at the top are walked member by member, and what is in them is read by the standard
library's scanner in one call each. So no step takes longer than the largest thing that is that deep
in the document: in a policy snapshot, a route.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any, Final

_DEPTH: Final = 3
"""Containers walked: the snapshot, ``revoked``, and its maps."""
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_read = json.JSONDecoder().raw_decode

Reading = Generator[None, None, tuple[Any, int]]


def document(text: bytes) -> Generator[None, None, Any]:
    """The value of the whole ``text``; yields between its members.

    Raises:
        ValueError: it is no JSON, or no UTF-8.
    """
    found = text.decode()
    value, end = yield from _value(found, _past_space(found, 0), _DEPTH)
    if _past_space(found, end) != len(found):
        raise json.JSONDecodeError("more than one document", found, end)
    return value


def _value(text: str, at: int, depth: int) -> Reading:
    first = text[at : at + 1]
    if depth and first == "{":
        return (yield from _object(text, at + 1, depth - 1))
    if depth and first == "[":
        return (yield from _array(text, at + 1, depth - 1))
    return _read(text, at)


def _object(text: str, at: int, depth: int) -> Reading:
    members: dict[str, Any] = {}
    at = _past_space(text, at)
    if text[at : at + 1] == "}":
        return members, at + 1
    while True:
        yield
        name, at = _read(text, at)
        if not isinstance(name, str):
            raise json.JSONDecodeError("a member's name is no text", text, at)
        at = _past(text, ":", at)
        if depth:
            members[name], at = yield from _value(text, at, depth)
        else:
            members[name], at = _read(text, at)
        at = _past_space(text, at)
        if text[at : at + 1] == "}":
            return members, at + 1
        at = _past(text, ",", at)


def _array(text: str, at: int, depth: int) -> Reading:
    items: list[Any] = []
    at = _past_space(text, at)
    if text[at : at + 1] == "]":
        return items, at + 1
    while True:
        yield
        item, at = yield from _value(text, at, 0)
        items.append(item)
        at = _past_space(text, at)
        if text[at : at + 1] == "]":
            return items, at + 1
        at = _past(text, ",", at)


def _past(text: str, mark: str, at: int) -> int:
    at = _past_space(text, at)
    if text[at : at + 1] != mark:
        raise json.JSONDecodeError(f"no {mark!r} where one must be", text, at)
    return _past_space(text, at + 1)


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None  # noqa: S101 - it matches nothing, too
    return found.end()
