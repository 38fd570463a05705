"""The broker's tables, the same on PostgreSQL and SQLite."""

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
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from schemas.kit.outbox import outbox_table

COMPONENT: Final = "broker"
"""Schema on PostgreSQL, file name on SQLite."""

metadata = MetaData()

_Json = JSON().with_variant(JSONB(), "postgresql")
_Serial = BigInteger().with_variant(Integer, "sqlite")

outbox = outbox_table(metadata)

# ------------------------------------------------------------------ events

accepted_events = Table(
    "accepted_events",
    metadata,
    # SHA-256 of client, source and id: what makes an event the same event
    Column("digest", LargeBinary(32), primary_key=True),
    Column("accepted", BigInteger, nullable=False, index=True),  # seconds since the epoch
)

handled_events = Table(
    "handled_events",
    metadata,
    # SHA-256 of group, source and id
    Column("digest", LargeBinary(32), primary_key=True),
    Column("handled", BigInteger, nullable=False, index=True),  # seconds since the epoch
)

groups = Table(
    "consumer_groups",
    metadata,
    Column("client", String(255), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("consumer", String(100), nullable=False, default=""),
    Column("lease", String(64), nullable=False, default=""),
    Column("leased_until", Float, nullable=False, default=0.0),  # seconds since the epoch
    Column("upto", Text, nullable=False, default=""),  # position behind the batch handed out
    Column("types", Text, nullable=False, default=""),  # space-separated patterns of that batch
    Column("created", BigInteger, nullable=False),
)

# ------------------------------------------------------------------ context

entities = Table(
    "entities",
    metadata,
    Column("tenant", String(100), primary_key=True),
    Column("id", String(512), primary_key=True),
    Column("restricted", Integer, nullable=False, default=0),  # 1: about persons
    Column("types", _Json, nullable=False),  # expanded names
    Column("document", _Json, nullable=False),  # expanded attribute → list of its instances
    Column("created", String(32), nullable=False),  # RFC 3339, UTC
    Column("modified", String(32), nullable=False),
)

entity_types = Table(
    "entity_types",
    metadata,
    Column("tenant", String(100), primary_key=True),
    Column("type", String(600), primary_key=True),
    Column("entity", String(512), primary_key=True),
    Index("entity_types_by_entity", "tenant", "entity"),
)

entity_places = Table(
    "entity_places",
    metadata,
    # bounding boxes in degrees; what is left after them is decided on the geometry itself
    Column("tenant", String(100), primary_key=True),
    Column("entity", String(512), primary_key=True),
    Column("attribute", String(600), primary_key=True),
    Column("south", Float, nullable=False),
    Column("north", Float, nullable=False),
    Column("west", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("geometry", _Json, nullable=False),
    Index("entity_places_by_box", "tenant", "attribute", "south", "west", "north", "east"),
)

changes = Table(
    "changes",
    metadata,
    # append-only: the past of every entity, for temporal queries
    Column("row", _Serial, primary_key=True),
    Column("tenant", String(100), nullable=False),
    Column("entity", String(512), nullable=False),
    Column("types", _Json, nullable=False),
    Column("change", String(10), nullable=False),  # created, updated, deleted
    Column("attributes", _Json, nullable=False),  # what changed, as it is now; null: removed
    Column("at", String(32), nullable=False),
    Index("changes_of_entity", "tenant", "entity", "at"),
    sqlite_autoincrement=True,
)
