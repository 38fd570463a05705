"""The tables of the delivery engine."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from services.broker.tables import metadata

MOST_ENDPOINT: Final = 300
MOST_MESSAGE: Final = 100
MOST_ERROR: Final = 300

_Serial = BigInteger().with_variant(Integer, "sqlite")
_WAITING: Final = text("due IS NOT NULL")

deliveries = Table(
    "deliveries",
    metadata,
    # all times are seconds since the epoch
    Column("id", _Serial, primary_key=True),  # in the order in which they were asked for
    Column("endpoint", String(MOST_ENDPOINT), nullable=False),
    Column("message", String(MOST_MESSAGE), nullable=False),
    Column("key", String(1024), nullable=False),
    Column("url", Text, nullable=False),
    Column("headers", Text, nullable=False),  # JSON object
    Column("about", Text, nullable=False),  # JSON object: what the sender must know of the content
    Column("body", LargeBinary, nullable=False),  # empty once it is finished
    Column("timeout", Float, nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float),
    Column("due", Float),  # NULL: finished
    Column("tries", Integer, nullable=False),
    Column("state", String(10), nullable=False),  # waiting, delivered, failed, dropped
    Column("attempts", Text, nullable=False),  # JSON array, the latest last
    Column("keep", Integer, nullable=False),  # seconds to keep it when finished; 0: forget it
    Column("finished", Float, index=True),
    UniqueConstraint("endpoint", "message"),
    Index("deliveries_due", "endpoint", "due", postgresql_where=_WAITING, sqlite_where=_WAITING),
    Index(
        "deliveries_in_order",
        *("endpoint", "key", "id"),
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    ),
    sqlite_autoincrement=True,
)

endpoints = Table(
    "delivery_endpoints",
    metadata,
    Column("endpoint", String(MOST_ENDPOINT), primary_key=True),
    Column("lease", String(32), nullable=False, default=""),  # the process that sends
    Column("leased_until", Float, nullable=False, default=0.0),
    # the circuit
    Column("failures", Integer, nullable=False, default=0),  # in a row
    Column("failing_since", Float),
    Column("open_until", Float, nullable=False, default=0.0),
    Column("disabled", String(MOST_ERROR), nullable=False, default=""),  # why
    Column("slow", Integer, nullable=False, default=0),  # 1: its last answer took long
    # counters
    Column("sent", BigInteger, nullable=False, default=0),
    Column("failed", BigInteger, nullable=False, default=0),
    Column("last_sent", Float),
    Column("last_success", Float),
    Column("last_failure", Float),
    Column("last_error", String(MOST_ERROR), nullable=False, default=""),
)
