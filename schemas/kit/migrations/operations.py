"""SQL that one of the stores needs, in a migration."""

from __future__ import annotations

from alembic import op
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation
from alembic.operations.ops import CreateTableOp, UpgradeOps
from sqlalchemy import MetaData

from schemas.kit.ddl import STORE_DDL


def run_on(dialect: str, statement: str) -> None:
    """Run a statement on one kind of store; nothing on the others."""
    bind = op.get_bind()
    if bind.dialect.name == dialect:
        bind.exec_driver_sql(statement)


class RunOn(MigrateOperation):
    """A call of :func:`run_on`, to be written into a version."""

    def __init__(self, dialect: str, statement: str) -> None:
        self.dialect, self.statement = dialect, statement


@renderers.dispatch_for(RunOn)
def _render(context: AutogenContext, operation: RunOn) -> str:
    context.imports.add(f"from {__name__} import run_on")
    return f"run_on({operation.dialect!r}, {operation.statement!r})"


def add_store_ddl(upgrade: UpgradeOps, metadata: MetaData) -> None:
    """Behind each table that is created, what :func:`schemas.kit.ddl.store_ddl` said of it."""
    created = [found for found in upgrade.ops if isinstance(found, CreateTableOp)]
    for table in created:
        table.info.clear()  # objects of the program, which no version can hold
        ddl = metadata.tables[table.table_name].info.get(STORE_DDL, {})
        for dialect, statements in ddl.items():
            upgrade.ops.extend(RunOn(dialect, statement) for statement in statements)
