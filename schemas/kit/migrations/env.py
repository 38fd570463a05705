"""Read by Alembic for each of its commands; see :mod:`schemas.kit.migrations`."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import MetaData

from schemas.kit.migrations.differences import is_ours
from schemas.kit.migrations.operations import add_store_ddl


def _finish(_context: Any, _revision: Any, directives: list[Any]) -> None:
    add_store_ddl(directives[0].upgrade_ops, metadata)


metadata: MetaData = context.config.attributes["metadata"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    include_object=is_ours,
    process_revision_directives=_finish,
    render_as_batch=True,  # SQLite changes a table by copying it
)
context.run_migrations()
