"""The registry's tables: types and schema versions of clients; the city's own are in code."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from services.broker.tables import metadata

registered_types = Table(
    "registered_types",
    metadata,
    Column("type", String(200), primary_key=True),
    Column("topic", String(200), nullable=False, index=True),
    Column("owner", String(255), nullable=False, index=True),  # client_id
    Column("description", String(500), nullable=False),
    Column("legal_class", String(20), nullable=False),
    Column("compatibility", String(10), nullable=False),
    Column("retention_days", Integer, nullable=False),
    Column("change", BigInteger, nullable=False),  # number of the last change to any type
)

registered_schemas = Table(
    "registered_schemas",
    metadata,
    Column("type", String(200), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("schema", Text, nullable=False),  # JSON
    Column("registered", BigInteger, nullable=False),  # seconds since the epoch
    Index("registered_schemas_by_type", "type"),
)
