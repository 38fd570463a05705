"""Names of requests: the id in answers and logs, and the W3C trace context sent upstream."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from itertools import chain, count
from typing import Final

_LOW: Final = [b"%02x" % number for number in range(256)]


class Ids:
    """Trace ids of one worker: half random, half counted, so that none is ever made twice.

    They are names, not secrets: to know one gives nobody anything.
    """

    def __init__(self) -> None:
        # an iterator's own method: every request asks, and this costs no call into Python
        self.trace_id: Callable[[], bytes] = chain.from_iterable(_blocks()).__next__
        """32 hexadecimal digits (https://www.w3.org/TR/trace-context/#trace-id)."""


def _blocks() -> Iterator[list[bytes]]:
    """All ids, 256 at a time, which share all but their last two digits."""
    prefix = secrets.token_hex(8).encode()
    for high in count(secrets.randbits(40)):
        most = prefix + b"%014x" % high
        yield [most + low for low in _LOW]


def traceparent(trace_id: bytes) -> bytes:
    """The root of a trace that nobody has begun; not sampled."""
    return b"00-%b-%b-00" % (trace_id, trace_id[16:])
