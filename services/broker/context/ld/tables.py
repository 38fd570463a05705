"""The table of contexts that are hosted, were created for a request, or are cached (§5.13)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text

from services.broker.tables import metadata

ld_contexts = Table(
    "ld_contexts",
    metadata,
    Column("id", String(100), primary_key=True),  # a URI
    Column("tenant", String(100), nullable=False),  # the cached ones are the default tenant's
    Column("kind", String(20), nullable=False),  # Hosted, ImplicitlyCreated, Cached
    Column("url", String(2000), nullable=False),  # of the cached ones, else empty
    Column("content", Text, nullable=False),  # JSON, the value of @context
    Column("created", Float, nullable=False),  # seconds since the epoch
    Column("expires", Float),  # when a cached one is to be fetched again
    Column("used", Float),  # last time
    Column("hits", BigInteger, nullable=False, default=0),
    Index("ld_contexts_by_tenant", "tenant", "kind", "created"),
)
