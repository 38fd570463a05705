"""Where the processes' metrics are: names and addresses, one process behind each or several."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

MOST_TARGETS: Final = 32
MOST_EACH: Final = 64
"""Processes behind one name."""

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Addresses of a host; raises OSError where there are none."""


@dataclass(frozen=True, slots=True)
class Target:
    """One part of the city.

    Attributes:
        part: what it is called, such as ``gateway``.
        host, port: where ``/metrics`` is; each address of ``host`` is a process of its own.
    """

    part: str
    host: str
    port: int


def parse_targets(text: str) -> tuple[Target, ...]:
    """``gateway=http://127.0.0.1:9000 broker=http://broker-each:8002`` → targets.

    Raises:
        ValueError: what is wrong, and what it should be like.
    """
    found = tuple(_target(part) for part in text.split())
    if len(found) > MOST_TARGETS:
        raise ValueError(f"has {len(found)} addresses; at most {MOST_TARGETS} are asked")
    if len({target.part for target in found}) != len(found):
        raise ValueError("names a part twice; several processes are behind one host name")
    return found


def _target(text: str) -> Target:
    part, _, url = text.partition("=")
    parts = urlsplit(url)
    try:
        port = parts.port or 80
    except ValueError:
        port = 0
    plain = parts.scheme == "http" and port and not parts.path.strip("/")
    if not part or not plain or not parts.hostname:
        raise ValueError(f"has {text!r}: write it like gateway=http://127.0.0.1:9000")
    return Target(part, parts.hostname, port)


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, in order."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return sorted({str(each[4][0]) for each in found})[:MOST_EACH]
