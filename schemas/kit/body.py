"""Reading a request's raw body without trusting its size."""

from __future__ import annotations

from fastapi import Request

from schemas.problem import TooLarge


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body.

    Args:
        limit: most bytes to accept; the reading stops there whatever ``Content-Length`` says.

    Raises:
        TooLarge: there is more.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(f"The body is larger than {limit} bytes; send it in smaller parts.")
        parts.append(part)
    return b"".join(parts)
