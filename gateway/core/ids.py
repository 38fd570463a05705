"""Names of requests: the id in answers and logs, and the W3C trace context sent upstream."""

from __future__ import annotations

import secrets
from itertools import count


class Ids:
    """Trace ids of one worker: half random, half counted, so that none is ever made twice.

    They are names, not secrets: to know one gives nobody anything.
    """

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(8).encode()
        self._count = count(secrets.randbits(48))

    def trace_id(self) -> bytes:
        """32 hexadecimal digits (https://www.w3.org/TR/trace-context/#trace-id)."""
        return self._prefix + b"%016x" % next(self._count)


def traceparent(trace_id: bytes) -> bytes:
    """The root of a trace that nobody has begun; not sampled, as no span is recorded."""
    return b"00-%b-%b-00" % (trace_id, trace_id[16:])
