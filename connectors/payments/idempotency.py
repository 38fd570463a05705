"""The ``Idempotency-Key`` header field (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header

from schemas.problem import BadRequest, Fault

_QUOTED = re.compile(r'"([\x20-\x21\x23-\x5b\x5d-\x7e]{1,255})"')  # RFC 9651 sf-string, no escapes
_BARE = re.compile(r"[\x21\x23-\x7e]{1,255}")


def _idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Yours, new for each payment (a UUID, quoted or not). Sent again with the "
            "same payment, it is answered again, and paid once."
        ),
    ] = None,
) -> str:
    """The key; quoted as the draft has it, or bare as most clients send it.

    Raises:
        BadRequest: it is missing (draft §2.7: 400) or not such a value.
    """
    if idempotency_key is None:
        raise _refused("is missing", "send one that you make up for each payment, such as a UUID")
    text = idempotency_key.strip()
    if found := _QUOTED.fullmatch(text):
        return found[1]
    if _BARE.fullmatch(text):
        return text
    raise _refused("is not a string of 1-255 visible ASCII characters", "send a UUID")


def _refused(what: str, fix: str) -> BadRequest:
    return BadRequest(
        "A payment needs an Idempotency-Key, so that sending it again never pays twice.",
        slug="idempotency-key",
        faults=(Fault("header Idempotency-Key", what, fix),),
    )


IdempotencyKey = Annotated[str, Depends(_idempotency_key)]
