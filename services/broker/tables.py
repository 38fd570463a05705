"""The broker's tables, the same on PostgreSQL and SQLite; the context has its own module."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from schemas.kit.outbox import outbox_table

COMPONENT: Final = "broker"
"""Schema on PostgreSQL, file name on SQLite."""

metadata = MetaData()

outbox = outbox_table(metadata)

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

letter_marks = Table(
    "letter_marks",
    metadata,
    # what became of dead letters: the log itself is never changed
    Column("id", String(36), primary_key=True),
    Column("time", String(40), nullable=False),  # of the letter; a later one is another matter
    Column("what", String(16), nullable=False),  # replayed or discarded
    Column("at", BigInteger, nullable=False, index=True),  # seconds since the epoch
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
