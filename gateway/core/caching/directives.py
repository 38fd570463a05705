"""Reading ``Cache-Control`` (RFC 9111 §5.2), of a request or of an answer."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_ONE: Final = (
    rb"(" + _TOKEN + rb')(?:=(?:"((?:[^"\\\x00-\x08\x0a-\x1f]|\\[\t\x20-\x7e])*+)"|('
    + _TOKEN + rb")))?"
)  # fmt: skip
_DIRECTIVE: Final = re.compile(_ONE)
_BARE: Final = re.sub(rb"(?<!\\)\((?!\?)", b"(?:", _ONE)
_LIST: Final = re.compile(
    rb"[ \t,]*+(?:" + _BARE + rb"[ \t]*+(?:,[ \t,]*+" + _BARE + rb"[ \t]*+)*+,?[ \t,]*+)?"
)
MOST_SECONDS: Final = 2**31
"""What a larger number means (RFC 9111 §1.2.2)."""

Directives = dict[bytes, bytes]
"""Name in lower case → argument, ``b""`` where there is none."""


def parse(value: bytes) -> Directives | None:
    """The directives of all ``Cache-Control`` fields, joined by commas; None if malformed.

    Of a directive that is given twice the smaller number counts, and no number is 0: two readers
    of a contradiction must not differ in the direction of keeping things longer.
    """
    if not _LIST.fullmatch(value):
        return None
    found: Directives = {}
    for match in _DIRECTIVE.finditer(value):
        name = match[1].lower()
        argument = match[2] if match[2] is not None else match[3] or b""
        found[name] = _less(found[name], argument) if name in found else argument
    return found


def _less(one: bytes, other: bytes) -> bytes:
    both = (one, other)
    return min(both, key=int) if all(text.isdigit() for text in both) else b"0"


def seconds(said: Directives, name: bytes) -> int | None:
    """The directive's delta-seconds; 0 where it is no number (RFC 9111 §4.2.1), None if absent."""
    argument = said.get(name)
    if argument is None:
        return None
    if not argument.isdigit():
        return 0
    return MOST_SECONDS if len(argument) > 10 else min(MOST_SECONDS, int(argument))
