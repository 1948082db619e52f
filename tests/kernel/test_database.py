from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.kernel.audit import AuditLog
from idp.kernel.database import open_database
from idp.kernel.errors import MissingPrerequisite

MIGRATION = """
import os

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}
branch_labels = {labels}
depends_on = None


def upgrade():
    op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO {table} VALUES (1)")
    {then}


def downgrade():
    op.drop_table("{table}")
"""


def write_migration(
    folder: Path, revision: str, *, down: str | None = None, table: str, then: str = "pass"
) -> Path:
    folder.mkdir(exist_ok=True)
    labels = "None" if down else repr((folder.name,))
    text = MIGRATION.format(
        revision=revision, down=repr(down), labels=labels, table=table, then=then
    )
    (folder / f"{revision}.py").write_text(text)
    return folder


def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/history.db"


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def test_a_new_database_is_brought_to_the_newest_version(tmp_path: Path) -> None:
    folder = write_migration(tmp_path / "parts", "parts_0001", table="one")
    write_migration(folder, "parts_0002", down="parts_0001", table="two")
    engine = open_database(url(tmp_path), [folder])
    assert tables(engine) == {"alembic_version", "audit", "one", "two"}


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    AuditLog(open_database(url(tmp_path))).append("alice", "x", "y")
    assert [r.actor for r in AuditLog(open_database(url(tmp_path))).records()] == ["alice"]


def test_an_older_database_is_migrated_with_its_data(tmp_path: Path) -> None:
    AuditLog(open_database(url(tmp_path))).append("alice", "x", "y")
    folder = write_migration(tmp_path / "parts", "parts_0001", table="one")
    engine = open_database(url(tmp_path), [folder])
    assert "one" in tables(engine)
    assert [r.actor for r in AuditLog(engine).records()] == ["alice"]


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = write_migration(tmp_path / "parts", "parts_0009", table="future")
    engine = open_database(url(tmp_path), [folder])
    before = tables(engine)
    engine.dispose()
    with pytest.raises(MissingPrerequisite, match="parts_0009") as caught:
        open_database(url(tmp_path))
    assert caught.value.remedy is not None
    assert tables(sa.create_engine(url(tmp_path))) == before


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path))
    before = tables(engine)
    broken = write_migration(
        tmp_path / "parts", "parts_0001", table="one", then="raise RuntimeError('half way')"
    )
    with pytest.raises(RuntimeError, match="half way"):
        open_database(url(tmp_path), [broken])
    assert tables(engine) == before
    mended = write_migration(tmp_path / "parts", "parts_0001", table="one")
    assert "one" in tables(open_database(url(tmp_path), [mended]))


def test_a_kill_in_a_migration_is_survived(tmp_path: Path) -> None:
    folder = write_migration(
        tmp_path / "parts", "parts_0001", table="one", then="os.kill(os.getpid(), 9)"
    )
    program = (
        "import pathlib, sys; from idp.kernel.database import open_database; "
        "open_database(sys.argv[1], [pathlib.Path(sys.argv[2])])"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, url(tmp_path), str(folder)], check=False
    )
    assert killed.returncode == -9
    mended = write_migration(tmp_path / "parts", "parts_0001", table="one")
    assert {"audit", "one"} <= tables(open_database(url(tmp_path), [mended]))


def test_commits_are_durable_and_readers_do_not_wait(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path))
    with engine.connect() as connection:
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    with engine.begin() as writer:
        writer.exec_driver_sql("CREATE TABLE t (x)")
        writer.exec_driver_sql("INSERT INTO t VALUES (1)")
        with engine.connect() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM audit").scalar() == 0
