"""Names of the HTTP header fields that the gateway and the APIs behind it exchange.

The gateway removes every ``X-City-*`` field that a client sends and writes its own, so an API
behind it may believe them: they are the only way an identity reaches a connector or a service.
"""

from typing import Final

PREFIX: Final = "x-city-"
"""Lower-case prefix of every field that only the gateway may set."""

CLIENT: Final = "x-city-client"
"""``client_id`` of the calling application (RFC 9068 §2.2); absent on open routes."""

SUBJECT: Final = "x-city-subject"
"""Pairwise pseudonym of the resident in this API's sector; absent when no resident is behind."""

OPERATOR: Final = "x-city-operator"
"""Who of the city's staff signed in for the token; absent when nobody of them did."""

SCOPE: Final = "x-city-scope"
"""Space-separated scopes of the token (RFC 6749 §3.3)."""

EXPIRES: Final = "x-city-expires"
"""When the token ends, in seconds since the epoch: what outlasts a request (a stream) ends then."""

GRANT: Final = "x-city-grant"
"""The grant (claim ``gid``) under which a resident's data is asked for; to the city's own APIs."""

CONSENTS: Final = "x-city-consents"
"""All consents of the token, a JSON array of :class:`schemas.consent.Consent`; to the city's own
APIs, for what outlives a request (a subscription)."""

PURPOSE: Final = "city-purpose"
"""Which of its purposes a client asks for now (:mod:`schemas.purposes`): needed where it holds
consents for several on one data set. Set by clients, and sent on."""

DPOP: Final = "dpop"
"""Proof of possession of the key that a token is bound to (RFC 9449 §4)."""

GATEWAY_KEY: Final = "x-city-gateway-key"
"""Shared secret proving that a request came through the gateway; sent to the city's own APIs."""

REQUEST_TIMEOUT: Final = "request-timeout"
"""Seconds for which the client waits for the head of the answer, such as ``2`` or ``0.5``. The
gateway keeps to it, and tells the API behind what is left: work beyond it is for nobody."""

SERVER_TIMING: Final = "x-city-server-timing"
"""``?1`` (RFC 9651 boolean) from a client that would like a ``Server-Timing`` in the answer; read
by the gateway alone."""

EMERGENCY: Final = "x-city-emergency"
"""Says to a client that an emergency changed its answer: level, and until when (RFC 9651 item)."""

REQUEST_ID: Final = "x-request-id"
TRACEPARENT: Final = "traceparent"
"""W3C Trace Context, https://www.w3.org/TR/trace-context/."""

IDEMPOTENCY_KEY: Final = "idempotency-key"
"""draft-ietf-httpapi-idempotency-key-header."""
