"""Reading a request's body with a bound, and as JSON that every store can hold."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
from fastapi import Request

from schemas.problem import BadRequest, Problem, TooLarge

MOST_BYTES: Final = 1_048_576
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


async def read_body(request: Request) -> bytes:
    """The body, at most 1 MiB of it.

    Raises:
        TooLarge: there is more.
    """
    declared = request.headers.get("content-length", "0")
    parts: list[bytes] = []
    size = int(declared) if declared.isdigit() else 0
    if size <= MOST_BYTES:
        size = 0
        async for part in request.stream():
            size += len(part)
            parts.append(part)
            if size > MOST_BYTES:
                break
    if size > MOST_BYTES:
        raise TooLarge(f"A request holds at most {MOST_BYTES} bytes; send it in parts.")
    return b"".join(parts)


def parse_json(body: bytes) -> Any:
    """The JSON in ``body`` (RFC 8259).

    Raises:
        BadRequest: it is none, or has a NUL character, which no SQL text can hold.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from error
    if b"\\u0000" in body and _NUL.search(body):  # to look for it alone is quick
        raise BadRequest("The body has a NUL character (\\u0000); leave it out.")
    return found


def media_type(request: Request) -> str:
    """The body's media type, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def unsupported(media: str, *wanted: str) -> Problem:
    """415, naming what is spoken here (RFC 9110 §15.5.16: ``Accept`` says it too)."""
    return Problem(
        f"The content type is {media or 'missing'}; send one of: {', '.join(wanted)}.",
        status=415,
        slug="unsupported-media-type",
        title="The content type is not spoken here",
        headers={"accept": ", ".join(wanted)},
    )
