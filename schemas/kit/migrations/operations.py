"""``op.run_on(dialect, statement)``: SQL that one of the stores needs, in a migration."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations
from alembic.operations.ops import CreateTableOp, UpgradeOps
from sqlalchemy import MetaData

from schemas.kit.ddl import STORE_DDL


@Operations.register_operation("run_on")
class RunOn(MigrateOperation):
    """A statement for one store; nothing on the others."""

    def __init__(self, dialect: str, statement: str) -> None:
        self.dialect, self.statement = dialect, statement

    @classmethod
    def run_on(cls, operations: Operations, dialect: str, statement: str) -> Any:
        return operations.invoke(cls(dialect, statement))


@Operations.implementation_for(RunOn)
def _run(operations: Operations, operation: RunOn) -> None:
    bind = operations.get_bind()
    if bind.dialect.name == operation.dialect:
        bind.exec_driver_sql(operation.statement)


@renderers.dispatch_for(RunOn)
def _render(_context: AutogenContext, operation: RunOn) -> str:
    return f"op.run_on({operation.dialect!r}, {operation.statement!r})"


def add_store_ddl(upgrade: UpgradeOps, metadata: MetaData) -> None:
    """Behind each table that is created, what :func:`schemas.kit.ddl.store_ddl` said of it."""
    created = [op for op in upgrade.ops if isinstance(op, CreateTableOp)]
    for op in created:
        op.info.clear()  # objects of the program, which no version can hold
        for dialect, statements in metadata.tables[op.table_name].info.get(STORE_DDL, {}).items():
            upgrade.ops.extend(RunOn(dialect, statement) for statement in statements)
