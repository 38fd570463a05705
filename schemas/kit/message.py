"""What an outbox holds, and whom it hands it to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to say.

    Attributes:
        channel: where it goes; the sink knows what it means (a topic, a path of the open API).
        key: what must stay in order among itself.
        body: the bytes to say.
        headers: further text with it, at most 4 KiB in all, in a form the sink knows.
    """

    channel: str
    key: str
    body: bytes
    headers: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that the receiver will never take, and why, in the receiver's words."""

    message: Message
    reason: str


Sink = Callable[[list[Message]], Awaitable[Sequence[Refusal] | None]]
"""Takes messages in order and returns when all are safe; raises when not: all come again.

What it returns was refused for good: saying it again would change nothing and would hold up
everything behind it. It is set aside with its reason, not lost.
"""
