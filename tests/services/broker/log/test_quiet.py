from __future__ import annotations

import logging

from services.broker.log.quiet import EVERY_SECONDS, Sparing


def test_the_same_is_said_once_a_minute_with_how_often_it_was() -> None:
    now = 0.0
    sparing = Sparing(clock=lambda: now)

    def say(message: str, *arguments: object) -> str:
        record = logging.LogRecord("x", logging.ERROR, "", 0, message, arguments, None)
        return record.getMessage() if sparing.filter(record) else ""

    assert say("no node %d", 1) == "no node 1"
    assert say("no node %d", 2) == say("no node %d", 1) == ""
    assert say("another %s", "thing") == "another thing"
    now = EVERY_SECONDS
    assert say("no node %d", 3) == "no node 3 (and 2 times more since)"
    assert say("no node %d", 3) == ""
