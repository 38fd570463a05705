"""The control plane's tables. Times are seconds since the epoch; no secret is in clear."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from schemas.kit.envelope import key_table

metadata: Final = MetaData()

_ID = 128
_HASH = 64  # hexadecimal SHA-256

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # raised with every change of policy, so that other control processes notice
    Column("number", BigInteger, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(_ID), primary_key=True),
    Column("alg", String(16), nullable=False),
    Column("public", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the private JWK, AES-GCM
    Column("signs_from", BigInteger, nullable=False),
    Column("retires", BigInteger),  # unpublished from then on; null while it is to sign
)

clients = Table(
    "clients",
    metadata,
    Column("client_id", String(_ID), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("client_class", String(32), nullable=False),
    Column("scope", Text, nullable=False),
    Column("grant_types", Text, nullable=False),
    Column("redirect_uris", Text, nullable=False),  # JSON array
    Column("auth_method", String(32), nullable=False),
    Column("secret_hash", String(_HASH), nullable=False),
    Column("old_secret_hash", String(_HASH), nullable=False),  # replaced, and good for a while yet
    Column("old_secret_until", BigInteger, nullable=False),
    Column("jwks", Text, nullable=False),  # JSON, or empty
    Column("dpop_bound", Boolean, nullable=False),  # tokens only with a proof of possession
    Column("pushed_only", Boolean, nullable=False),  # authorization requests only by RFC 9126
    Column("state", String(16), nullable=False, index=True),  # pending, active, refused, deleted
    Column("management_hash", String(_HASH), nullable=False),  # of its token of RFC 7592; or empty
    Column("proposed", Text, nullable=False),  # JSON: metadata that wait for approval; or empty
    Column("rate_requests", Integer, nullable=False),
    Column("rate_seconds", Integer, nullable=False),
    Column("quota", Integer, nullable=False),  # requests a day; 0 for any number
    Column("purposes", Text, nullable=False),
    Column("organisation", String(200), nullable=False),  # whose client it is; often empty
    Column("owner", String(_ID), nullable=False, index=True),  # a developer's id; often empty
    Column("sandbox", Boolean, nullable=False),  # for good: acts for synthetic residents alone
    Column("asked", Text, nullable=False),  # the scopes its owner asked for last
    Column("suspended", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False),  # suspended by its owner, who may end that
    Column("revoked_before", BigInteger, nullable=False),  # tokens issued until then are void
    Column("created", BigInteger, nullable=False),
)

assertions = Table(
    "assertions",
    metadata,
    Column("client_id", String(_ID), primary_key=True),  # or the key of a DPoP proof
    Column("jti", String(_HASH), primary_key=True),  # of the assertion, hashed: any length fits
    Column("expires", BigInteger, nullable=False, index=True),
)

grants = Table(
    "grants",
    metadata,
    Column("gid", String(_ID), primary_key=True),
    Column("client_id", String(_ID), nullable=False, index=True),
    Column("resident_id", String(_ID), nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("auth_time", BigInteger, nullable=False),  # of the sign-in behind it, and how it was
    Column("acr", String(100), nullable=False),
    Column("amr", String(100), nullable=False),
    Column("ial", Integer, nullable=False),
    Column("revoked", BigInteger),
)

codes = Table(
    "codes",
    metadata,
    Column("hash", String(_HASH), primary_key=True),
    Column("gid", String(_ID), nullable=False),
    Column("client_id", String(_ID), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("challenge", String(128), nullable=False),
    Column("jkt", String(_HASH), nullable=False),  # key that it is bound to (RFC 9449); or empty
    Column("nonce", String(255), nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
    Column("used", BigInteger),
)

pushed_requests = Table(
    "pushed_requests",
    metadata,
    Column("hash", String(_HASH), primary_key=True),  # of the reference
    Column("client_id", String(_ID), nullable=False),
    Column("parameters", Text, nullable=False),  # JSON
    Column("expires", BigInteger, nullable=False, index=True),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", String(_HASH), primary_key=True),
    Column("gid", String(_ID), nullable=False, index=True),
    Column("client_id", String(_ID), nullable=False),
    Column("scope", Text, nullable=False),
    Column("jkt", String(_HASH), nullable=False),  # key that it is bound to (RFC 9449); or empty
    Column("expires", BigInteger, nullable=False, index=True),
    Column("used", BigInteger),
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("jti", String(_ID), primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)

residents = Table(
    "residents",
    metadata,
    Column("resident_id", String(_ID), primary_key=True),
    Column("username", String(100), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("name", String(200), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("proofing", Integer, nullable=False),  # identity assurance level, 1 to 3
    Column("synthetic", Boolean, nullable=False),  # nobody: made up, for developers' tests
    Column("seen", BigInteger, nullable=False),  # their own page, last
)

links = Table(
    "links",
    metadata,
    Column("resident_id", String(_ID), primary_key=True),
    Column("domain", String(40), primary_key=True),
    Column("local_id", String(200), nullable=False),
    Column("told", BigInteger),  # when the data holder took it; null until then
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(_HASH), primary_key=True),
    Column("resident_id", String(_ID), nullable=False, index=True),
    Column("began", BigInteger, nullable=False),
    Column("acr", String(100), nullable=False),  # how: see records.SignIn
    Column("amr", String(100), nullable=False),
    Column("since", BigInteger, nullable=False),  # when they had seen their own page before
    Column("device", String(60), nullable=False),  # kind of browser and system; or empty
    Column("expires", BigInteger, nullable=False, index=True),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("key", String(_HASH), primary_key=True),  # keyed hash of a user name or an address
    Column("failures", Integer, nullable=False),
    Column("last", BigInteger, nullable=False, index=True),
)

cache_purges = Table(
    "cache_purges",
    metadata,
    Column("what", String(320), primary_key=True),  # `*`, `route:<id>` or `dataset:<id>`
    Column("moment", BigInteger, nullable=False),  # in milliseconds
)

apis = Table(
    "apis",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("document_url", Text, nullable=False),
    Column("address", Text, nullable=False),  # host:port of each upstream, with commas between
    Column("internal", Boolean, nullable=False),
    Column("document", Text, nullable=False),  # the last good one, JSON; empty until there is one
    Column("etag", Text, nullable=False),
    Column("fetched", BigInteger, nullable=False),
    Column("attached", BigInteger, nullable=False),
    Column("error", Text, nullable=False),  # why the newest fetch failed; empty when it did not
    Column("findings", Text, nullable=False),  # JSON array: why the newest document was refused
)

gateway_workers = Table(
    "gateway_workers",
    metadata,
    # as they last told of themselves; times are seconds since the epoch
    Column("worker", String(64), primary_key=True),  # one process
    Column("gateway", String(_ID), nullable=False),
    Column("address", String(_ID), nullable=False),
    Column("number", Integer, nullable=False),
    Column("revision", String(_HASH), nullable=False),  # of the policy in force there
    Column("started", Float, nullable=False),
    Column("under_way", Integer, nullable=False),
    Column("connections", Integer, nullable=False),
    Column("draining", Boolean, nullable=False),
    Column("seen", Float, nullable=False, index=True),
    Column("drain", Boolean, nullable=False),  # an operator wants it drained
)

api_history = Table(
    "api_history",
    metadata,
    Column("id", String(_ID), primary_key=True),
    Column("api", String(40), nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("kind", String(16), nullable=False, index=True),  # see catalogue/history.py
    Column("detail", Text, nullable=False),  # JSON
)

emergencies = Table(
    "emergencies",
    metadata,
    Column("id", String(_ID), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
    Column("level", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended", BigInteger),  # by an operator, before its time; null otherwise
)

audit_events = Table(
    "audit_events",
    metadata,
    # append-only; numbers without gaps, for they are the leaves of a tree
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False, index=True),  # in milliseconds
    Column("client", String(_ID), nullable=False, index=True),
    Column("action", String(64), nullable=False, index=True),
    Column("subject", String(_ID), nullable=False, index=True),  # pseudonym; empty if nobody's
    Column("entry", Text, nullable=False),  # what is hashed, whole
    Column("sealed", LargeBinary),  # of an event about a resident, under that resident's key
)

audit_nodes = Table(
    "audit_nodes",
    metadata,
    # complete subtrees: they never change
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),  # signed
)

# ---------------------------------------------------------------- consent

consents = Table(
    "consents",
    metadata,
    # one resident × client × data set × fields × purpose × until, under one grant
    Column("consent_id", String(_ID), primary_key=True),
    Column("gid", String(_ID), nullable=False, index=True),
    Column("client_id", String(_ID), nullable=False),
    Column("organisation", String(200), nullable=False),  # of the client, when it was given
    Column("resident_id", String(_ID), nullable=False, index=True),
    Column("dataset", String(80), nullable=False),
    Column("domain", String(40), nullable=False),
    Column("fields", Text, nullable=False),  # JSON array; empty for all
    Column("purpose", String(60), nullable=False),
    Column("recipients", Text, nullable=False),  # JSON array of client ids; mostly empty
    Column("created", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
    Column("withdrawn", BigInteger, index=True),  # null while it lives
    Column("text_hash", String(_HASH), nullable=False),
    Column("combination", Text, nullable=False),  # JSON array of domains said yes to; often empty
)

consent_texts = Table(
    "consent_texts",
    metadata,
    # the very words that residents were shown, once for each that differs
    Column("hash", String(_HASH), primary_key=True),
    Column("version", String(40), nullable=False),
    Column("language", String(16), nullable=False),
    Column("text", Text, nullable=False),
)

city_rules = Table(
    "city_rules",
    metadata,
    # what the city decides for all its processes, such as the limit of linkage
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),  # JSON
)

# ---------------------------------------------------------------- told

notice_targets = Table(
    "notice_targets",
    metadata,
    # where a client is told that consents have ended
    Column("client_id", String(_ID), primary_key=True),
    Column("uri", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # sealed
    Column("since", BigInteger, nullable=False),
    # the circuit; times are seconds since the epoch
    Column("failures", Integer, nullable=False),  # in a row
    Column("failing_since", Float),
    Column("open_until", Float, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    # written with the end that it tells of; the same end is the same message
    Column("message", String(_ID), primary_key=True),
    Column("client_id", String(_ID), nullable=False, index=True),
    Column("gid", String(_ID), nullable=False),
    Column("resident_id", String(_ID), nullable=False, index=True),
    Column("reason", String(16), nullable=False),
    Column("body", Text, nullable=False),  # JSON, as it is sent
    Column("created", Float, nullable=False),
    Column("due", Float, index=True),  # null: acknowledged, or given up
    Column("tries", Integer, nullable=False),
    Column("told", Float),  # when it was sent first, whatever came of it
    Column("acknowledged", Float),
    Column("error", String(300), nullable=False),  # of the last try; empty when there is none
)

# ---------------------------------------------------------------- trail

audit_keys = key_table(metadata, "audit_keys")

audit_uses = Table(
    "audit_uses",
    metadata,
    # how often a client used a data set for a purpose; counted as the log grows
    Column("day", String(10), primary_key=True),  # 2026-11-24, in the city's time
    Column("client", String(_ID), primary_key=True),
    Column("dataset", String(_ID), primary_key=True),
    Column("purpose", String(64), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

access_journals = Table(
    "access_journals",
    metadata,
    # of each journal of a gateway worker, what the log has of it
    Column("journal", String(_ID), primary_key=True),
    Column("next", BigInteger, nullable=False),
)

objections = Table(
    "objections",
    metadata,
    # a resident's objection to one line of the trail, and its answer; deleted on erasure
    Column("id", String(_ID), primary_key=True),
    Column("subject", String(_ID), nullable=False, index=True),  # pseudonym of the sector audit
    Column("day", String(10), nullable=False),
    Column("client", String(_ID), nullable=False),
    Column("dataset", String(_ID), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("reason", LargeBinary, nullable=False),  # in the resident's words, under their key
    Column("made", BigInteger, nullable=False),
    Column("answered", BigInteger, index=True),  # null until then
    Column("answer", LargeBinary),
)

# ---------------------------------------------------------------- staff and accounts

staff = Table(
    "staff",
    metadata,
    Column("staff_id", String(_ID), primary_key=True),
    Column("username", String(100), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("roles", Text, nullable=False),  # JSON array
    Column("password_hash", Text, nullable=False),  # empty until the invitation is taken up
    Column("suspended", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("invitation", String(_HASH), nullable=False, index=True),  # hashed; empty when spent
    Column("invited_until", BigInteger, nullable=False),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("hash", String(_HASH), primary_key=True),
    Column("staff_id", String(_ID), nullable=False, index=True),
    Column("began", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),  # to a minute: it ends when left alone
    Column("acr", String(100), nullable=False),
    Column("amr", String(100), nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
)

second_factors = Table(
    "second_factors",
    metadata,
    Column("account", String(_ID), primary_key=True),  # `staff:<id>` or `resident:<id>`
    Column("sealed", LargeBinary, nullable=False),  # the TOTP key, AES-GCM
    Column("used", BigInteger, nullable=False),  # newest step whose code was taken
    Column("confirmed", Boolean, nullable=False),
)

device_requests = Table(
    "device_requests",
    metadata,
    Column("hash", String(_HASH), primary_key=True),  # of the device code
    Column("user_code", String(_HASH), nullable=False, unique=True),  # hashed
    Column("client_id", String(_ID), nullable=False),
    Column("scope", Text, nullable=False),
    Column("expires", BigInteger, nullable=False, index=True),
    Column("asked", BigInteger, nullable=False),  # when the device last asked
    Column("gid", String(_ID), nullable=False),  # of the staff grant; empty until there is one
    Column("denied", Boolean, nullable=False),
)

staff_grants = Table(
    "staff_grants",
    metadata,
    Column("gid", String(_ID), primary_key=True),
    Column("staff_id", String(_ID), nullable=False, index=True),
    Column("client_id", String(_ID), nullable=False),
    Column("scope", Text, nullable=False),
    Column("authenticated", BigInteger, nullable=False),  # when password and code were right
    Column("expires", BigInteger, nullable=False, index=True),
    Column("revoked", BigInteger),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("hash", String(_HASH), primary_key=True),
    Column("resident_id", String(_ID), nullable=False, index=True),
    Column("expires", BigInteger, nullable=False, index=True),
)

provider_visits = Table(
    "provider_visits",
    metadata,
    Column("state", String(_HASH), primary_key=True),  # hashed
    Column("browser", String(_HASH), nullable=False),  # of the cookie that began it
    Column("nonce", String(128), nullable=False),
    Column("verifier", LargeBinary, nullable=False),  # sealed
    Column("back", Text, nullable=False),  # where the resident was going
    Column("expires", BigInteger, nullable=False, index=True),
)

provider_subjects = Table(
    "provider_subjects",
    metadata,
    Column("subject", String(_HASH), primary_key=True),  # keyed hash of issuer and subject
    Column("resident_id", String(_ID), nullable=False, index=True),
)

sectors = Table(
    "sectors",
    metadata,
    # those whose key was ever rotated
    Column("name", String(40), primary_key=True),
    Column("epoch", Integer, nullable=False),  # of the key in force
    Column("stage", String(16), nullable=False),  # empty while no rotation is under way
    Column("cursor", String(_ID), nullable=False),  # newest resident whom the holder was told of
    Column("since", BigInteger, nullable=False),  # when the stage began
)

disclosures = Table(
    "disclosures",
    metadata,
    # made in an emergency, without consent; each is a grant too
    Column("gid", String(_ID), primary_key=True),
    Column("client_id", String(_ID), nullable=False),
    Column("resident_id", String(_ID), nullable=False, index=True),
    Column("emergency", String(_ID), nullable=False),
    Column("reason", Text, nullable=False),
    Column("datasets", Text, nullable=False),  # ids, with spaces between
    Column("created", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
    Column("ended", BigInteger),  # with its emergency, before its time; null otherwise
)

unlinks = Table(
    "unlinks",
    metadata,
    # links that holders are still to be told to forget, of residents who were erased
    Column("domain", String(40), primary_key=True),
    Column("subject", String(_ID), primary_key=True),  # pseudonym
)

# ---------------------------------------------------------------- usage

client_usage = Table(
    "client_usage",
    metadata,
    # what a client did with an operation: per minute for a while, per hour for longer
    Column("client", String(_ID), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),  # 60 or 3600 seconds
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("route", String(256), primary_key=True),
    Column("counts", Text, nullable=False),  # JSON: usage/counts.py
    Index("client_usage_by_start", "start"),
    Index("client_usage_by_route", "route", "start"),
)

usage_workers = Table(
    "usage_workers",
    metadata,
    # of each gateway worker, the last report that was added
    Column("worker", String(64), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False, index=True),
)
