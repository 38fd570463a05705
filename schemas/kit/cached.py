"""For how long an answer may be used again, and how a reader finds out that it still holds.

An operation whose ``x-city`` says ``cache`` is answered from the gateway for as long as its answers
allow: :func:`cached` says so in the answer, :class:`Validators` gives it an ``ETag`` and answers
304 to whoever has it (RFC 9110 §13, RFC 9111, RFC 5861).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, TypeVar

from fastapi import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

R = TypeVar("R", bound=Response)

_LONGEST: Final = 1_048_576
"""Longer answers get no ``ETag``: they would have to be held back until their end."""
_WITH_304: Final = frozenset((b"cache-control", b"content-location", b"date", b"vary", b"expires"))


def cached(response: R, *, seconds: int, stale: int = 0, on_error: int = 0) -> R:
    """``response``, which anybody may keep and use again: it is the same for all who may ask.

    Args:
        seconds: for which it counts as fresh.
        stale: as many seconds more it may be used while a newer one is asked for.
        on_error: as many seconds more it may be used where this API cannot be reached.

    Example:
        ``return cached(page(found, limit, offset), seconds=5, stale=30, on_error=86_400)``
    """
    said = [f"public, max-age={seconds}"]
    if stale:
        said.append(f"stale-while-revalidate={stale}")
    if on_error:
        said.append(f"stale-if-error={on_error}")
    response.headers["cache-control"] = ", ".join(said)
    return response


class Validators:
    """ASGI middleware: a ``public`` 200 answer to GET gets an ``ETag`` made of its content."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            send = _Answer(send, scope).send
        await self._app(scope, receive, send)


class _Answer:
    """One answer, held back until its content is known, if it is one that gets an ``ETag``."""

    __slots__ = ("_begun", "_body", "_scope", "_send")

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send, self._scope = send, scope
        self._begun: Message | None = None
        self._body: list[bytes] = []

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _validated(message):
            self._begun = message
        elif self._begun is None:
            await self._send(message)
        else:
            await self._gather(self._begun, message)

    async def _gather(self, begun: Message, message: Message) -> None:
        self._body.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = b"".join(self._body)
        etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
        MutableHeaders(raw=begun["headers"])["etag"] = etag
        if self._has(etag):
            kept = [(name, value) for name, value in begun["headers"] if name in _WITH_304]
            begun = {**begun, "status": 304, "headers": [*kept, (b"etag", etag.encode())]}
            body = b""
        await self._send(begun)
        await self._send({"type": "http.response.body", "body": body})

    def _has(self, etag: str) -> bool:
        """Whether the reader says that it has that content."""
        asked = Headers(scope=self._scope).get("if-none-match", "").split(",")
        return not {"*", etag}.isdisjoint(tag.strip().removeprefix("W/") for tag in asked)


def _validated(start: Message) -> bool:
    if all(name != b"cache-control" for name, _ in start["headers"]):
        return False  # most say nothing of it, and need not be looked at more closely
    headers = Headers(raw=start["headers"])
    control = headers.get("cache-control", "")
    length = headers.get("content-length", "")
    return (
        start["status"] == 200
        and control.startswith("public")
        and "etag" not in headers
        and length.isdigit()
        and int(length) <= _LONGEST
    )
