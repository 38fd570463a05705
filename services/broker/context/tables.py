"""The tables of the context: entities, what finds them, and their past.

Keys compare by code point on both stores (``COLLATE "C"`` on PostgreSQL), so that a page holds the
same entities on either, and an index gives them in the order of the answer.
"""

from __future__ import annotations

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
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from schemas.kit.ddl import store_ddl
from services.broker.tables import metadata

_Json = JSON().with_variant(JSONB(), "postgresql")
_Serial = BigInteger().with_variant(Integer, "sqlite")


def _key(length: int) -> TypeEngine[str]:
    return String(length).with_variant(String(length, collation="C"), "postgresql")


tenants = Table(
    "tenants",
    metadata,
    # §4.14; the default tenant is always there and has no row
    Column("name", _key(100), primary_key=True),
    Column("created", String(32), nullable=False),
)

entities = Table(
    "entities",
    metadata,
    Column("tenant", _key(100), primary_key=True),
    Column("id", _key(512), primary_key=True),
    Column("restricted", Integer, nullable=False, default=0),  # 1: about persons
    Column("shape", BigInteger, nullable=False),  # see entity_shapes
    Column("types", _Json, nullable=False),  # expanded names
    Column("scopes", _Json, nullable=False),  # §4.18
    Column("document", _Json, nullable=False),  # expanded attribute → list of its instances
    Column("created", String(32), nullable=False),  # RFC 3339, UTC
    Column("modified", String(32), nullable=False),
    Column("expires", String(32), nullable=False),  # empty: never
    Index("entities_by_shape", "tenant", "shape"),
)

entity_shapes = Table(
    "entity_shapes",
    metadata,
    # what entities can look like: few beside the entities, so that asking which types and
    # attributes there are looks at none of these
    Column("shape", BigInteger, primary_key=True, autoincrement=False),  # hash of the rest
    Column("restricted", Integer, nullable=False),
    Column("types", _Json, nullable=False),
    Column("attributes", _Json, nullable=False),  # expanded name → kind → number of instances
)

entity_types = Table(
    "entity_types",
    metadata,
    Column("tenant", _key(100), primary_key=True),
    Column("type", _key(600), primary_key=True),
    Column("entity", _key(512), primary_key=True),
)

entity_scopes = Table(
    "entity_scopes",
    metadata,
    Column("tenant", _key(100), primary_key=True),
    Column("scope", _key(512), primary_key=True),  # with a slash before and behind: /a/b/
    Column("entity", _key(512), primary_key=True),
)

entity_places = Table(
    "entity_places",
    metadata,
    # one row for each instance of a GeoProperty; boxes in degrees find them, what is left is
    # decided on the geometry itself
    Column("place", _Serial, primary_key=True),
    Column("tenant", _key(100), nullable=False),
    Column("entity", _key(512), nullable=False),
    Column("attribute", _key(600), nullable=False),
    Column("south", Float(53), nullable=False),
    Column("north", Float(53), nullable=False),
    Column("west", Float(53), nullable=False),
    Column("east", Float(53), nullable=False),
    Column("geometry", LargeBinary, nullable=False),  # OGC well-known binary
    Index("entity_places_of_entity", "tenant", "entity"),
    sqlite_autoincrement=True,
)

BOX_OF_PLACE = "box(point({0}west, {0}south), point({0}east, {0}north))"
"""PostgreSQL's own box of a place, as the index has it; format with the table's name and a dot."""

_BOX = "id, west, east, south, north"
_NEW = "new.place, new.west, new.east, new.south, new.north"

_ADDED = (
    "CREATE TRIGGER entity_places_added AFTER INSERT ON entity_places BEGIN"
    " INSERT INTO entity_boxes ({0}) VALUES ({1}); END"
)

store_ddl(
    entity_places,
    postgresql=[
        f"CREATE INDEX entity_places_by_box ON entity_places USING gist ({BOX_OF_PLACE.format('')})"
    ],
    # SQLite: an R*Tree beside the table, which triggers keep the same
    sqlite=[
        f"CREATE VIRTUAL TABLE entity_boxes USING rtree({_BOX})",
        _ADDED.format(_BOX, _NEW),
        "CREATE TRIGGER entity_places_removed AFTER DELETE ON entity_places BEGIN"
        " DELETE FROM entity_boxes WHERE id = old.place; END",
    ],
)

changes = Table(
    "changes",
    metadata,
    # append-only: the past of every entity, for temporal queries
    Column("row", _Serial, primary_key=True),
    Column("tenant", _key(100), nullable=False),
    Column("entity", _key(512), nullable=False),
    Column("types", _Json, nullable=False),
    Column("scopes", _Json, nullable=False),
    Column("change", String(10), nullable=False),  # created, updated, deleted
    Column("attributes", _Json, nullable=False),  # what changed, as it is now; null: removed
    Column("at", String(32), nullable=False),
    Index("changes_of_entity", "tenant", "entity", "at"),
    sqlite_autoincrement=True,
)
