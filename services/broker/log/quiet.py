"""A library's log, held to one line of a kind a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

EVERY_SECONDS: Final = 60.0
_MOST_KINDS: Final = 1000


class Sparing(logging.Filter):
    """Lets the first record of each message through, and says later how many it left out.

    A client whose server is away says the same hundreds of times a minute; that the log is away,
    and when it is back, the broker says itself.

    Args:
        clock: seconds, of any beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if len(self._said) > _MOST_KINDS:
            self._said.clear()
        said, left_out = self._said.get(str(record.msg), (-EVERY_SECONDS, 0))
        now = self._clock()
        if now - said < EVERY_SECONDS:
            self._said[str(record.msg)] = (said, left_out + 1)
            return False
        self._said[str(record.msg)] = (now, 0)
        if left_out:
            record.msg = f"{record.msg} (and {left_out} times more since)"
        return True


def spare(*names: str) -> None:
    """Hold loggers to it, once."""
    for name in names:
        logger = logging.getLogger(name)
        if not any(isinstance(one, Sparing) for one in logger.filters):
            logger.addFilter(Sparing())
