"""What a table needs that SQLAlchemy has no words for, said in each store's own SQL.

Run when the table is created, and written into the migration that creates it
(:mod:`schemas.kit.migrations`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, event

STORE_DDL: Final = "store DDL"
"""Under this key a table's ``info`` has the statements, by dialect."""


def store_ddl(table: Table, **statements: Sequence[str]) -> None:
    """Have statements run behind ``CREATE TABLE``.

    Args:
        statements: by the dialect that understands them (``postgresql``, ``sqlite``).
    """
    table.info[STORE_DDL] = statements

    @event.listens_for(table, "after_create")
    def run(_table: Table, connection: Connection, **_: Any) -> None:
        for statement in statements.get(connection.dialect.name, ()):
            connection.exec_driver_sql(statement)
