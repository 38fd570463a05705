"""The tables of subscriptions, and of what is still to be told."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from services.broker.tables import metadata

_Serial: Final = BigInteger().with_variant(Integer, "sqlite")

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("tenant", String(100), primary_key=True),
    Column("id", String(512), primary_key=True),
    Column("owner", String(255), nullable=False),  # client; empty without a gateway
    Column("personal", Integer, nullable=False),  # 1: its owner may see entities about persons
    Column("gid", String(128), nullable=False, index=True),  # the grant it is under, or empty
    Column("standing", Text, nullable=False),  # JSON, with what it is under; or empty
    Column("document", JSON, nullable=False),  # as it was sent, its names expanded
    Column("terms", JSON, nullable=False),  # short name → IRI, of the names in q
    Column("since", BigInteger, nullable=False),  # the version that it came with
    Column("changed", BigInteger, nullable=False, index=True),  # that it was changed with last
    Column("created", String(32), nullable=False),  # RFC 3339, UTC
    Column("modified", String(32), nullable=False),
    Index("subscriptions_of_owner", "tenant", "owner", "id"),
)

subscription_version = Table(
    "subscription_version",
    metadata,
    # one row: tells every process when to read the subscriptions again
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)

subscription_changes = Table(
    "subscription_changes",
    metadata,
    # what changed in one transaction and somebody may want to hear of; gone once it is matched
    Column("row", _Serial, primary_key=True),
    Column("tenant", String(100), nullable=False),
    Column("version", BigInteger, nullable=False),  # of the subscriptions that there were then
    Column("changes", LargeBinary, nullable=False),  # JSON array, see changes.py
    sqlite_autoincrement=True,
)

subscription_times = Table(
    "subscription_times",
    metadata,
    # all times are seconds since the epoch
    Column("tenant", String(100), primary_key=True),
    Column("subscription", String(512), primary_key=True),
    Column("notified", Float),  # its last notification
    Column("due", Float, index=True),  # when something has to be told whatever changes
)

subscription_held = Table(
    "subscription_held",
    metadata,
    # changes that throttling holds back: what became of each entity since the last notification
    Column("tenant", String(100), primary_key=True),
    Column("subscription", String(512), primary_key=True),
    Column("entity", String(512), primary_key=True),
    Column("change", LargeBinary, nullable=False),
)
