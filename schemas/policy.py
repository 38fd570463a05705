"""The policy snapshot: everything the routing core knows, as one JSON document.

The control plane compiles it from the attached OpenAPI documents, clients, keys and revocations;
the core fetches it by long-poll (``GET /internal/policy``, ``If-None-Match`` + ``Prefer: wait``,
RFC 7240 §4.3), validates it whole and swaps it in one assignment. Plain types only: this module is
the one thing that the data plane and the control plane share.
"""

from __future__ import annotations

from typing import Final, Literal, NotRequired, TypedDict

from schemas.consent import DatasetRule

FORMAT: Final = 1
"""A core refuses a snapshot of another format and keeps the one it has."""

PATH: Final = "/internal/policy"
"""Where the control plane serves the snapshot; never routed from outside."""

Access = Literal["open", "scoped", "personal"]
"""Who may call a route.

``open``: anybody, without a token. ``scoped``: a token with one of the scopes. ``personal``: such a
token, and a resident behind it.
"""

Priority = Literal["life-safety", "essential", "normal", "bulk"]
"""Order in which requests are kept when not all can be served (life-safety last to go)."""

EmergencyMark = Literal["none", "reserved", "open"]
"""What becomes of a route in an emergency.

``reserved``: it is served like life-safety. ``open``: that, and to anybody, without a token; only
reads that are not about a person can be opened.
"""

EmergencyLevel = Literal["elevated", "severe", "critical"]
"""How much is set aside for disaster and medical routes.

``elevated``: all others go on with smaller shares of what their servers can do. ``severe``: bulk
requests are refused. ``critical``: normal ones too, and essential ones keep little.
"""

LONGEST_EMERGENCY: Final = 72 * 3600
"""Seconds; a longer one must be declared again, by somebody who still thinks so."""

ClientClass = Literal["service", "data-holder", "partner", "operator", "internal"]
"""What a client is to the city; all that may be a metric label about a client, but for the few who
have nearly used up a quota: those are named, so that somebody can tell them."""


class Rate(TypedDict):
    """At most ``requests`` per ``seconds``, refilled evenly (token bucket)."""

    requests: int
    seconds: int


class Upstream(TypedDict):
    """One API behind the gateway: where its processes listen, and how long they may take."""

    addresses: list[str]
    """``host:port`` each, plain HTTP inside the city's network. Names are looked up in the
    background; one that stands for several addresses is as good as several."""
    sector: str
    """Whose pseudonyms of residents this API receives (see :mod:`schemas.pseudonym`)."""
    internal: bool
    """True for the city's own processes, which are sent the gateway key."""
    connect_timeout_ms: int
    response_timeout_ms: int
    """From the end of the request to the head of the answer."""
    idle_timeout_ms: int
    """Longest silence within an answer's body."""
    max_connections: int
    """Of one core, to all addresses together; as many more requests wait for one."""
    health: NotRequired[str]
    """Path that each address answers with 2xx when it can serve. Asked in the background, where
    there are several addresses."""
    try_timeout_ms: NotRequired[int]
    """How long an address may take to begin its answer to a request that is safe to repeat, before
    another is asked; nothing where there is only one."""


class Cache(TypedDict):
    """Marks a route whose answers the core may keep (RFC 9111, as a shared cache). It has no
    members: for how long is what each answer says of itself."""


class Deprecation(TypedDict):
    """An operation that is announced to go, as its callers are told (RFC 9745, RFC 8594). Times in
    seconds since the epoch."""

    since: int
    """From when on it should not be used any more; 0, long past, if its document gives no date."""
    sunset: NotRequired[int]
    """When it stops to answer."""


CHANGES: Final = "/developers/changes"
"""Path of the page that tells developers what is announced."""


class Route(TypedDict):
    """One operation of one attached API."""

    id: str
    """``<api>.<operationId>``: the metric label, the log field, the audit entry."""
    method: str
    path: str
    """Public path template, RFC 6570 level 1: ``/mobility/v1/stops/{stop}``. A ``{name}`` is
    exactly one segment."""
    upstream: str
    strip: str
    """Leading part of ``path`` that the upstream does not know; empty for the city's own."""
    access: Access
    scopes: list[list[str]]
    """Alternatives, each a set that must be held whole (OpenAPI's ``security`` array)."""
    subject: str
    """Path parameter that must name the token's resident; ``""`` if none. ``me`` always does."""
    dataset: str
    priority: Priority
    rate: NotRequired[Rate]
    """Limit per client on this route, besides the client's own."""
    quota: NotRequired[int]
    """Requests a day for each client on this route (each address, if it is open)."""
    max_body_bytes: int
    emergency: NotRequired[EmergencyMark]
    stream: bool
    """Answers go on for as long as both sides like (SSE): no idle timeout."""
    cache: NotRequired[Cache]
    """GET only; never on a personal route or a stream. What is kept depends on the path, the query
    and the fields in ``Vary`` alone: neither cookies nor credentials reach the upstream."""
    upgrade: NotRequired[str]
    """Protocol that a GET may switch to (RFC 9110 §7.8), such as ``websocket``; else none."""
    authenticator: NotRequired[int]
    """Authenticator assurance level (NIST SP 800-63B: 1 to 3) that the sign-in behind the token
    must have had; for machines there is none."""
    deprecation: NotRequired[Deprecation]
    confined: NotRequired[bool]
    """Its answers are others' and share the origin with the city's own pages: a browser that opens
    one is told to keep it apart."""
    proofing: NotRequired[int]
    """Identity assurance level (NIST SP 800-63A: 1 to 3) that the person's account must have."""


class Client(TypedDict):
    """What the core must know of a registered client."""

    client_class: ClientClass
    rate: Rate
    quota: NotRequired[int]
    """Requests a day, over all routes."""
    suspended: bool


class Jwk(TypedDict):
    """A public signing key (RFC 7517); ``n``/``e``, ``crv``/``x``/``y`` by its kind."""

    kid: str
    kty: str
    alg: str
    use: NotRequired[str]
    crv: NotRequired[str]
    x: NotRequired[str]
    y: NotRequired[str]
    n: NotRequired[str]
    e: NotRequired[str]


class Revocations(TypedDict):
    """Tokens that are no longer good although not yet expired. Times in seconds since the epoch."""

    tokens: dict[str, int]
    """``jti`` → ``exp``, so that both sides may forget it then."""
    families: dict[str, int]
    """Grant id (claim ``gid``) → time after which nothing of it can live."""
    clients: dict[str, int]
    """``client_id`` → tokens issued (``iat``) at or before this time are refused."""
    consents: NotRequired[dict[str, int]]
    """``consent_id`` → time after which no token can carry it: withdrawn one by one, while the
    rest of its grant lives on."""


class Emergency(TypedDict):
    """An emergency declared by an operator. Times in seconds since the epoch."""

    id: str
    since: int
    until: int
    """It ends then by itself, in every core, at most :data:`LONGEST_EMERGENCY` after ``since``."""
    level: EmergencyLevel
    reason: str
    """In the operator's words; for operators, not for clients."""


class Snapshot(TypedDict):
    """The whole policy. ``revision`` is the ETag: a digest of the rest."""

    format: int
    revision: str
    issuer: str
    audience: str
    """The ``aud`` that an access token must carry (RFC 9068 §2.2, RFC 8707)."""
    keys: list[Jwk]
    upstreams: dict[str, Upstream]
    routes: list[Route]
    clients: dict[str, Client]
    revoked: Revocations
    open_rate: Rate
    """Limit per source address on open routes."""
    zone: str
    """Time zone (IANA) whose days quotas are counted by."""
    datasets: NotRequired[dict[str, DatasetRule]]
    """By id; what is not here is open, and can be granted whole only."""
    purged: NotRequired[dict[str, int]]
    """What kept answers are to be forgotten: ``*``, ``dataset:<id>`` or ``route:<id>`` → moment of
    the newest purge, in milliseconds since the epoch. A core forgets when it sees another moment
    than before."""
    emergency: NotRequired[Emergency]
    """The one in force; absent when there is none."""


ALGORITHMS: Final = ("ES256", "RS256", "EdDSA")
"""Signature algorithms an access token may use (RFC 8725 §3.1: a fixed list, never the token's)."""

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - a media type, no secret
"""``typ`` of an access token, RFC 9068 §2.1; a token with another ``typ`` or none is refused."""

CLAIM_RESIDENT: Final = "rid"
"""Claim holding the resident, sealed (see :mod:`schemas.pseudonym`); absent for machine tokens."""

CLAIM_GRANT: Final = "gid"
"""Claim naming the grant (refresh-token family) that the token came from."""

CLAIM_PROOFING: Final = "ial"
"""Claim with the identity assurance level of the person behind, 1 to 3."""

ACR: Final = {"urn:supercity:aal:1": 1, "urn:supercity:aal:2": 2, "urn:supercity:aal:3": 3}
"""``acr`` (OpenID Connect Core §2, RFC 9470) → authenticator assurance level."""
