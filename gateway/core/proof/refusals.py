"""What is told to who does not prove it (RFC 9449 §7.1)."""

from __future__ import annotations

from typing import Final

from gateway.core.reply import DPOP, Reply, reply

_PROVE: Final = (
    "Send `Authorization: DPoP …` and, in one `DPoP` field, a proof made for this request "
    "(RFC 9449)."
)


def _refusal(slug: str, error: bytes, title: str, detail: str, reason: str) -> Reply:
    fields = b'%b, error="%b"\r\n' % (DPOP, error)
    return reply(401, slug, title, detail, reason, fields)


def invalid_proof(why: str, reason: str) -> Reply:
    """401 ``invalid_dpop_proof``, saying what is wrong with the proof."""
    return _refusal(
        "invalid-dpop-proof", b"invalid_dpop_proof", "The proof of possession is not accepted",
        f"The access token is bound to a key, and the proof in `DPoP` does not do: {why}. {_PROVE}",
        reason,
    )  # fmt: skip


BOUND: Final = _refusal(
    "invalid-token", b"invalid_token", "A valid access token is needed",
    f"The access token is bound to a key, and was sent as a bearer token. {_PROVE}",
    "token-bound",
)  # fmt: skip
NOT_BOUND: Final = _refusal(
    "invalid-token", b"invalid_token", "A valid access token is needed",
    "The access token is not bound to a key, and was sent as one that is. "
    "Send it as `Authorization: Bearer …`.",
    "token-not-bound",
)  # fmt: skip
FULL: Final = reply(
    503, "proofs-full", "Not available at the moment",
    "This gateway has as many proofs of possession in mind as it can. "
    "Try again in a moment, with a new one.",
    fields=b"retry-after: 1\r\n",
)  # fmt: skip
BAD_SIGNATURE: Final = invalid_proof("its signature does not fit", "proof-signature")
USED: Final = invalid_proof("it was used before; each request needs one of its own", "proof-used")
