"""The connector's tables: events, the things they name, places, and shipments as last seen."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)


@dataclass(frozen=True)
class Tables:
    events: Table
    things: Table
    places: Table
    shipments: Table
    captures: Table


def logistics_tables(metadata: MetaData) -> Tables:
    return Tables(
        events=_events(metadata),
        things=_things(metadata),
        places=Table(
            "places",
            metadata,
            Column("id", String(512), primary_key=True),
            Column("name", String(200)),
            Column("latitude", Float),
            Column("longitude", Float),
        ),
        shipments=Table(
            "shipments",
            metadata,
            Column("epc", String(512), primary_key=True),
            Column("scheme", String(40), nullable=False, index=True),
            Column("observed", BigInteger, nullable=False, index=True),
            Column("parent", String(512), index=True),  # EPC of what it is packed in now
            Column("body", Text, nullable=False),  # the entity's key values as JSON
        ),
        captures=Table(
            "captures",
            metadata,
            Column("id", String(36), primary_key=True),
            Column("created", BigInteger, nullable=False),  # microseconds since the epoch
            Column("events", Integer, nullable=False),
            Column("fresh", Integer, nullable=False),
        ),
    )


def _events(metadata: MetaData) -> Table:
    events = Table(
        "events",
        metadata,
        Column("id", String(512), primary_key=True),
        Column("type", String(40), nullable=False),
        Column("action", String(10)),
        Column("time", BigInteger, nullable=False),  # microseconds since the epoch
        Column("recorded", BigInteger, nullable=False),
        Column("step", String(512)),
        Column("disposition", String(512)),
        Column("read_point", String(512), index=True),
        Column("location", String(512), index=True),
        Column("error", Boolean, nullable=False),
        Column("fingerprint", LargeBinary(32), nullable=False),
        Column("body", Text, nullable=False),  # JSON, as captured
        Column("context", Text, nullable=False),  # JSON
    )
    Index("events_by_time", events.c.time, events.c.id)
    return events


def _things(metadata: MetaData) -> Table:
    things = Table(
        "things",
        metadata,
        Column("event", String(512), ForeignKey("events.id"), primary_key=True),
        Column("role", String(6), primary_key=True),
        Column("epc", String(512), primary_key=True),
    )
    Index("things_by_epc", things.c.epc, things.c.role)
    return things
