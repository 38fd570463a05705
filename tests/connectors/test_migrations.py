"""Every connector's tables by migration are those that its code speaks of, on both stores."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Connection, inspect

from connectors.base import versions_of
from connectors.migrations import main, tables_of
from connectors.registry import CONNECTORS, load
from schemas.kit.migrations import current, differences, newest
from schemas.kit.store import Store


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of each kind; the domains have a schema each in one database."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.mark.parametrize("domain", CONNECTORS)
async def test_migrated_tables_are_those_of_the_connector(domain: str, store_url: str) -> None:
    versions, metadata = versions_of(load(domain)), tables_of(domain)
    store = Store(store_url, domain, metadata, versions)
    try:
        await store.open()
        async with store.write() as connection:
            assert await connection.run_sync(differences, metadata) == []
            # which Alembic does not compare
            assert await connection.run_sync(checks) == {
                constraint.name
                for table in metadata.tables.values()
                for constraint in table.constraints
                if isinstance(constraint, CheckConstraint)
            }
            assert await connection.run_sync(current) == newest(versions) != ""
    finally:
        await store.close()


def checks(connection: Connection) -> set[str | None]:
    """The names of all CHECK constraints that the database has."""
    inspector = inspect(connection)
    return {
        found["name"]
        for table in inspector.get_table_names()
        for found in inspector.get_check_constraints(table)
    }


def test_the_newest_version_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    main(["payments", "newest"])
    assert capsys.readouterr().out.strip() == newest(versions_of(load("payments")))
