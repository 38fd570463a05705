"""Ports for servers that must know theirs before they start, and keep it when restarted."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

_RANGE = range(12_000, 32_000)
"""Below Linux's ephemeral range: no outgoing connection takes a killed server's port meanwhile."""


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """``count`` different TCP ports that nobody listens on at this moment."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(_RANGE, len(_RANGE)):
            probe = held.enter_context(socket.socket())
            try:
                probe.bind((host, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError(f"no {count} free ports between {_RANGE.start} and {_RANGE.stop}")
