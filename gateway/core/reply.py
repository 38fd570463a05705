"""What the core itself answers: problem details (RFC 9457), put into bytes beforehand.

A refusal must cost less than what it refuses, or refusing is an attack. So the common ones are
whole heads and bodies made at import; only the request id and the date are added.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import orjson

from schemas.problem import MEDIA_TYPE, Problem


class Reply:
    """One answer of the core's own.

    Attributes:
        status: HTTP status code.
        reason: why, in a word: the label of the ``rejected`` metric.
        head: status line and fields, up to where date and request id follow.
        body: the problem object.
    """

    __slots__ = ("body", "head", "reason", "status")

    def __init__(self, problem: Problem, reason: str, fields: bytes = b"") -> None:
        self.status = problem.status
        self.reason = reason
        self.body = orjson.dumps(problem.as_json())
        phrase = HTTPStatus(problem.status).phrase
        self.head = (
            b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n"
            % (problem.status, phrase.encode(), MEDIA_TYPE.encode(), len(self.body))
            + b"cache-control: no-store\r\n"
            + fields
        )


class Refused(Exception):
    """Raised wherever the core finds that a request goes no further.

    Args:
        reply: what the client is told.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.reason)
        self.reply = reply


def reply(
    status: int, slug: str, title: str, detail: str, reason: str = "", fields: bytes = b""
) -> Reply:
    """A :class:`Reply` from its problem object's members; ``reason`` is the slug unless given."""
    return Reply(Problem(detail, status=status, slug=slug, title=title), reason or slug, fields)


_BEARER: Final = b'www-authenticate: Bearer realm="supercity"'
PROOF_ALGORITHMS: Final = ("ES256", "RS256", "PS256", "EdDSA", "Ed25519")
"""That a proof of possession may be signed with (RFC 9449 §7.1, ``algs``)."""
DPOP: Final = b'www-authenticate: DPoP realm="supercity", algs="%b"' % (
    " ".join(PROOF_ALGORITHMS).encode()
)
"""The challenge of RFC 9449 §7.1, to which an error may be added."""


def challenge(params: bytes = b"") -> bytes:
    """The ``WWW-Authenticate`` field of RFC 6750 §3."""
    more = b", " + params if params else b""
    return _BEARER + more + b"\r\n"


def challenged(answer: Reply, metadata: bytes, *, bound: bool) -> bytes:
    """The head of ``answer`` as this city says it, to a client of this kind.

    Args:
        metadata: where the protected resource is described (RFC 9728 §5.1).
        bound: it sent a token that is bound to a key, so that is the scheme it is told.
    """
    head = answer.head
    if bound and answer is not NO_TOKEN:
        head = head.replace(_BEARER, DPOP)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        head = head.replace(
            b'realm="supercity"', b'realm="supercity", resource_metadata="%b"' % metadata
        )
    return head


def malformed(detail: str, reason: str = "malformed") -> Refused:
    """400: the bytes are no request that every server reads the same way (RFC 9112 §11.2)."""
    return Refused(reply(400, "bad-request", "The request cannot be read", detail, reason))


NO_POLICY: Final = reply(
    503, "no-policy", "Not available at the moment",
    "This gateway has not received its policy yet. Try again in a moment.",
    fields=b"retry-after: 1\r\n",
)  # fmt: skip
FULL: Final = reply(
    503, "too-many-connections", "Not available at the moment",
    "This gateway holds as many connections as it can. Try again in a moment.",
    fields=b"retry-after: 1\r\n",
)  # fmt: skip
PLAIN_HTTP: Final = reply(
    400, "tls-needed", "This port speaks TLS",
    "The request came as plain HTTP. Use https:// instead of http://.",
)  # fmt: skip
NOT_FOUND: Final = reply(
    404, "not-found", "There is nothing here",
    "No attached API has this path. The list of all of them is at /catalogue/v1/apis.",
)  # fmt: skip
SLOW_REQUEST: Final = reply(
    408, "request-timeout", "The request did not arrive in time",
    "The request was not sent whole within the time allowed. Send it again.",
)  # fmt: skip
TARGET_TOO_LONG: Final = reply(
    414, "target-too-long", "The address is too long",
    "Path and query together may have 8192 bytes. Send long input in a body.",
)  # fmt: skip
HEAD_TOO_LARGE: Final = reply(
    431, "head-too-large", "The header fields are too large",
    "A request may have 100 header fields and 32768 bytes of head.",
)  # fmt: skip
VERSION: Final = reply(
    505, "http-version", "This HTTP version is not spoken here",
    "Send HTTP/1.1.",
)  # fmt: skip
CODING: Final = reply(
    501, "transfer-coding", "This transfer coding is not known",
    "The only transfer coding is `chunked`, given once (RFC 9112 §6.1).",
)  # fmt: skip
EXPECTATION: Final = reply(
    417, "expectation", "This expectation cannot be met",
    "The only expectation is `100-continue` (RFC 9110 §10.1.1).",
)  # fmt: skip
UPSTREAM_DOWN: Final = reply(
    502, "upstream-unreachable", "The API behind the gateway does not answer",
    "No connection to the API behind this route could be made. Try again in a moment.",
)  # fmt: skip
UPSTREAM_BROKE: Final = reply(
    502, "upstream-broken", "The API behind the gateway does not answer",
    "The API behind this route closed the connection, or its answer could not be read.",
)  # fmt: skip
UPSTREAM_BUSY: Final = reply(
    503, "upstream-busy", "Not available at the moment",
    "The API behind this route has as many requests in hand as it may. Try again in a moment.",
    fields=b"retry-after: 1\r\n",
)  # fmt: skip
UPSTREAM_SLOW: Final = reply(
    504, "upstream-timeout", "The API behind the gateway took too long",
    "The API behind this route did not answer in the time it is given.",
)  # fmt: skip
NOT_CACHED: Final = reply(
    504, "not-cached", "There is no such answer in the cache",
    "The request says `only-if-cached`, and no kept answer is fresh enough for it.",
)  # fmt: skip
DEADLINE: Final = reply(
    504, "deadline-exceeded", "There was no answer in the time that you gave",
    "The API behind this route did not answer within the request's `Request-Timeout`.",
)  # fmt: skip
INTERNAL: Final = reply(
    500, "internal", "The gateway failed to answer",
    "This is a fault of the gateway. The request id in this answer finds it in the log.",
)  # fmt: skip


def circuit_open(seconds: int) -> Reply:
    """503 for an API that fails altogether, and is left alone for ``seconds``."""
    return reply(
        503, "circuit-open", "Not available at the moment",
        "The API behind this route has failed again and again, and is left alone for a moment. "
        f"Try again in {seconds} s.",
        fields=b"retry-after: %d\r\n" % seconds,
    )  # fmt: skip


def too_large(most: int) -> Reply:
    """413 on a route whose bodies may have ``most`` bytes (RFC 9110 §15.5.14)."""
    return reply(
        413, "too-large", "The request is too large",
        f"A body on this route may have {most} bytes.",
    )  # fmt: skip


def method_not_allowed(allowed: bytes) -> Reply:
    """405 with the ``Allow`` field that RFC 9110 §15.5.6 demands."""
    return reply(
        405, "method-not-allowed", "The method does not exist here",
        f"This path can be asked with {allowed.decode()}.",
        fields=b"allow: " + allowed + b"\r\n",
    )  # fmt: skip


def insufficient_scope(scopes: str) -> Reply:
    """403 with the scopes that would do (RFC 6750 §3.1)."""
    return reply(
        403, "insufficient-scope", "The access token does not reach this far",
        f"This route needs the scopes: {scopes}.",
        fields=challenge(b'error="insufficient_scope", scope="%b"' % scopes.encode()),
    )  # fmt: skip


NO_TOKEN: Final = reply(
    401, "unauthorized", "A valid access token is needed",
    "Send an access token: `Authorization: Bearer …`. Tokens are issued at /oauth/token.",
    "no-token", challenge() + DPOP + b"\r\n",
)  # fmt: skip
NO_RESIDENT: Final = reply(
    403, "no-resident", "The access token does not reach this far",
    "This route is about a resident; the token was issued to an application alone. "
    "Use the authorization code flow, in which the resident consents.",
    fields=challenge(b'error="insufficient_scope"'),
)  # fmt: skip
OTHER_RESIDENT: Final = reply(
    403, "other-resident", "The access token does not reach this far",
    "The path names a resident who is not the token's. Write `me`.",
)  # fmt: skip
MANY_FAILURES: Final = reply(
    429, "too-many-requests", "Too many requests",
    "Too many bad access tokens came from this address. Wait, and get a new token.",
    "failed-tokens", b"retry-after: 1\r\n",
)  # fmt: skip


def invalid_token(why: str, reason: str) -> Reply:
    """401 ``invalid_token`` (RFC 6750 §3.1), saying what is wrong with the token."""
    return reply(
        401, "invalid-token", "A valid access token is needed",
        f"The access token is not accepted: {why}. Get a new one at /oauth/token.", reason,
        challenge(b'error="invalid_token", error_description="%b"' % why.encode()),
    )  # fmt: skip


def quota_exceeded(name: str, requests: int, seconds: int) -> Reply:
    """429 until the day is over, in ``seconds``.

    Args:
        name: whose quota: ``client-day`` or ``route-day``.
        requests: a day.
    """
    whose = "client" if name == "client-day" else "client on this route"
    return reply(
        429, "quota-exceeded", "The quota of this day is used up",
        f"The quota is {requests} requests a day for each {whose}. "
        f"The next day begins in {seconds} s.", f"quota-{name}",
        b"retry-after: %d\r\n" % seconds
        + b'ratelimit-policy: "%b";q=%d;w=86400\r\nratelimit: "%b";r=0;t=%d\r\n'
        % (name.encode(), requests, name.encode(), seconds),
    )  # fmt: skip


def quota_pending(name: str) -> Reply:
    """429 for a moment: there is something left of the quota, but it is not here yet."""
    return reply(
        429, "too-many-requests", "Too many requests",
        "So many requests at a time are more than the gateway had set aside of the quota of this "
        "day. Try again in 1 s.", f"pending-{name}", b"retry-after: 1\r\n",
    )  # fmt: skip


def too_many(name: str, requests: int, seconds: int, wait: float) -> Reply:
    """429 with ``Retry-After`` (RFC 6585 §4) and the limit that was reached.

    Args:
        name: whose limit: ``client``, ``route`` or ``address``.
        wait: seconds until one request passes again.
    """
    after = max(1, int(wait) + (wait > int(wait)))
    return reply(
        429, "too-many-requests", "Too many requests",
        f"The limit per {name} is {requests} requests in {seconds} s. "
        f"Try again in {after} s.", f"rate-{name}",
        b"retry-after: %d\r\n" % after
        + b'ratelimit-policy: "%b";q=%d;w=%d\r\nratelimit: "%b";r=0;t=%d\r\n'
        % (name.encode(), requests, seconds, name.encode(), after),
    )  # fmt: skip
