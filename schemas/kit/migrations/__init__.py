"""Migrations of a component's tables (Alembic), run when its store is opened.

A component keeps its versions in a folder of its own; everything else they share. A new one is
written from what the component's metadata has and the versions before do not, by
``python -m services.broker.migrations revision "what it does"``.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, inspect

from schemas.kit.migrations.differences import in_words, is_ours

_HERE: Final = Path(__file__).parent
_VERSION_TABLE: Final = "alembic_version"


class UnknownTables(RuntimeError):
    """The database has tables of the component, but not those of any of its versions."""


def upgrade(connection: Connection, metadata: MetaData, versions: Path) -> None:
    """Bring the tables to the newest version; the caller's transaction holds it all.

    Tables that were made before there were migrations are taken for the newest version, when they
    are like it.

    Raises:
        UnknownTables: they are not.
    """
    config = _config(connection, metadata, versions)
    names = set(inspect(connection).get_table_names())
    if _VERSION_TABLE not in names and names & metadata.tables.keys():
        _check_like(connection, metadata)
        command.stamp(config, "head")
    command.upgrade(config, "head")


def current(connection: Connection) -> str:
    """The version of the tables; empty when they have none."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def newest(versions: Path) -> str:
    """The newest version that there is."""
    return ScriptDirectory.from_config(_config(None, MetaData(), versions)).get_current_head() or ""


def differences(connection: Connection, metadata: MetaData) -> list[Any]:
    """What the tables would need to be like the metadata; empty when they are."""
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_object": is_ours}
    )
    return list(compare_metadata(context, metadata))


def revision(metadata: MetaData, versions: Path, message: str) -> Path:
    """Write the next version: what the metadata has more, or less, than the versions make.

    Returns:
        Its file, to be read before it is kept.
    """
    number = len(list(versions.glob("[0-9]*.py"))) + 1
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/revision.db")
        with engine.begin() as connection:
            config = _config(connection, metadata, versions)
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")
        engine.dispose()
    slug = re.sub(r"\W+", "_", message).lower()
    return next(versions.glob(f"{number:04}_{slug[:10]}*.py"))


def _check_like(connection: Connection, metadata: MetaData) -> None:
    found = differences(connection, metadata)
    if found:
        where = str(connection.engine.url.database)
        schema = (
            ""
            if connection.dialect.name == "sqlite"
            else f", schema {inspect(connection).default_schema_name}"
        )
        raise UnknownTables(
            f"The tables in {where}{schema} were made before there were migrations, by a version"
            f" with other ones: {'; '.join(in_words(found)[:5])}. Nothing was changed. Export what"
            " you need of them with the version that made them, move them away, and start again:"
            " new ones are made."
        )


def _config(connection: Connection | None, metadata: MetaData, versions: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes.update(connection=connection, metadata=metadata)
    return config
