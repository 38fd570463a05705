"""What is wrong with a head before it can be read, or before it is there whole.

A verdict must not depend on how the bytes were cut into packets. What is wrong is looked for in the
part of a head that has arrived, so what shows first in the order of the *bytes* counts: a head that
came whole gets the answer that its beginning alone would have got.
"""

from __future__ import annotations

import re
from math import inf
from typing import Final

from gateway.core import bounds, reply
from gateway.core.reply import Reply, malformed

EMPTY_LINE: Final = b"\r\n"
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_BARE: Final = malformed("A line ends in a bare LF.").reply


def fault(head: bytes) -> Reply | None:
    """What is wrong with ``head``, whatever may follow it; None if nothing is so far.

    Args:
        head: a request from its first byte, up to its empty line if that has come.
    """
    line = head.find(b"\r\n")
    long = (line if line >= 0 else len(head) - 1) > bounds.LINE_BYTES
    large = len(head) > bounds.HEAD_BYTES + 3  # the CRLF CRLF may be on its way
    bare = _BARE_LF.search(head)
    faults: list[tuple[float, Reply]] = [
        (bounds.LINE_BYTES + 2 if long else inf, reply.TARGET_TOO_LONG),
        (bounds.HEAD_BYTES + 4 if large else inf, reply.HEAD_TOO_LARGE),
        (bare.end() if bare else inf, _BARE),
    ]
    at, found = min(faults, key=lambda fault: fault[0])
    return None if at == inf else found
