"""Looks, as Server-Sent Events (HTML Living Standard §9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from gateway.control.live.watch import Live, Look

RETRY_MS: Final = 2_000
HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment shows that the stream lives."""

_HEARTBEAT: Final = b": still here\n\n"


async def _always() -> bool:
    return True


async def frames(
    live: Live, frame: Callable[[Look], bytes], goes_on: Callable[[], Awaitable[bool]] = _always
) -> AsyncIterator[bytes]:
    """Each look as ``frame`` writes it, the current one at once.

    Args:
        frame: an empty frame is not sent.
        goes_on: asked before each; when it says no, the stream ends.
    """
    number = 0
    with live.watching():
        yield b"retry: %d\n\n" % RETRY_MS
        while await goes_on():
            try:
                async with asyncio.timeout(HEARTBEAT):
                    look = await live.after(number)
            except TimeoutError:
                yield _HEARTBEAT
                continue
            if look is None:
                return
            number = look.number
            if said := frame(look):
                yield said
