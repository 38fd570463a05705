"""Regular expressions from outside, kept to those that cannot take for ever."""

from __future__ import annotations

import re
from typing import Final

from services.broker.context.errors import BadRequestData, TooComplexQuery

_MOST_LENGTH: Final = 200
_MOST_REPEATS: Final = 3
_REPEATS: Final = re.compile(r"(?<!\\)(?:\\\\)*[*+{]")
_NESTED: Final = re.compile(r"\)\s*[*+{?]|\\[1-9]|\(\?")


def check_pattern(pattern: str, name: str) -> str:
    """The pattern, when it is one that every store runs in little time.

    Repeated groups, back references and look-around are refused, and more than three repetitions:
    what is left is searched in time polynomial in the text, and texts are cut to 500 characters.

    Raises:
        BadRequestData: no regular expression.
        TooComplexQuery: one of the refused kinds.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise BadRequestData(f"{name}: no regular expression: {error}.") from error
    if len(pattern) > _MOST_LENGTH or _NESTED.search(pattern):
        raise TooComplexQuery(f"{name}: use a simpler regular expression.")
    if len(_REPEATS.findall(pattern)) > _MOST_REPEATS:
        raise TooComplexQuery(f"{name}: repeats at most {_MOST_REPEATS} times (*, + or {{}}).")
    return pattern
