"""The tables of webhooks."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, LargeBinary, String, Table, Text

from services.broker.tables import metadata

webhooks = Table(
    "webhooks",
    metadata,
    # all times are seconds since the epoch
    Column("id", String(40), primary_key=True),
    Column("client", String(255), nullable=False, index=True),
    Column("subject", String(255), nullable=False),  # the resident behind, or empty
    Column("scopes", Text, nullable=False),  # of the token that created or changed it
    Column("gid", String(128), nullable=False, index=True),  # the grant of that token, or empty
    Column("standing", Text, nullable=False),  # JSON, with what it is under; or empty
    Column("url", Text, nullable=False),
    Column("types", Text, nullable=False),  # patterns, separated by spaces; empty: all
    Column("description", Text, nullable=False),
    Column("ordered", Integer, nullable=False),  # 1: in order for each subject
    Column("state", String(10), nullable=False),  # pending, active, disabled
    Column("secret", LargeBinary, nullable=False),  # sealed
    Column("previous", LargeBinary),  # the secret before it, which still signs
    Column("previous_until", Float),
    # where it stands on the log, for one that does not follow with the others; NULL: it does
    Column("cursor", Text),
    Column("again_until", Text, nullable=False),  # before here, messages are sent once more
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("verified", Float),
)

pump = Table(
    "webhook_pump",
    metadata,
    # one row: where those stand that follow the log together
    Column("name", String(20), primary_key=True),
    Column("position", Text, nullable=False),
)
