"""History in SQL: one engine per process, migrated when it is opened.

Each part that keeps history owns its tables and a folder of Alembic migrations (its own branch of
revisions). `open_database` brings all of them to their heads. A database that was written by a
newer version holds a revision that is unknown here: it is refused, nothing is changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event

from idp.kernel.errors import MissingPrerequisite

KERNEL_MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(url: str, migrations: Sequence[Path] = ()) -> sqlalchemy.Engine:
    """Open and migrate a database.

    Args:
        url: SQLAlchemy URL, such as `sqlite:////data/history.db` or `postgresql+psycopg://...`.
        migrations: Folders of Alembic revisions besides the kernel's own.

    Raises:
        MissingPrerequisite: The database was written by a newer version.
    """
    engine = sqlalchemy.create_engine(url, json_serializer=None)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
    _migrate(engine, [KERNEL_MIGRATIONS, *migrations])
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """Durable and concurrent: readers never wait for the writer, a commit survives a crash."""
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "cache_size=-2000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _migrate(engine: sqlalchemy.Engine, folders: Sequence[Path]) -> None:
    config = Config()
    config.set_main_option("script_location", str(KERNEL_MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(folder) for folder in folders))
    script = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        if _is_current(connection, script):
            return
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # The driver begins no transaction for DDL, so a crash would leave half a migration.
            # This one also makes other processes that open the same database wait.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        if not _is_current(connection, script):
            _upgrade(connection, config, script)
        connection.commit()


def _is_current(connection: sqlalchemy.Connection, script: ScriptDirectory) -> bool:
    present = set(MigrationContext.configure(connection).get_current_heads())
    known = {revision.revision for revision in script.walk_revisions()}
    if newer := present - known:
        raise MissingPrerequisite(
            f"the history database holds revision {', '.join(sorted(newer))}, "
            "which this version does not know: a newer version wrote it",
            remedy="Start the newer version again, or restore a backup of the data folder.",
        )
    return present == set(script.get_heads())


def _upgrade(connection: sqlalchemy.Connection, config: Config, script: ScriptDirectory) -> None:
    with EnvironmentContext(
        config,
        script,
        fn=lambda revision, context: script._upgrade_revs("heads", revision),
    ) as environment:
        environment.configure(connection=connection, target_metadata=None)
        try:
            with environment.begin_transaction():
                environment.run_migrations()
        except CommandError as error:
            raise MissingPrerequisite(
                f"the history database cannot be migrated: {error}",
                remedy="Restore a backup of the data folder, then report this.",
            ) from error
