from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.scanning import sources
from idp.capabilities.scanning.advisories import AdvisoryDatabase, age_in_days
from idp.capabilities.scanning.importing import MAX_NAMED, import_advisories
from idp.capabilities.scanning.osv import Advisory, Affected
from idp.kernel.errors import InvalidInput, MissingPrerequisite, NotFound, TooLarge

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[AdvisoryDatabase]:
    opened = AdvisoryDatabase(tmp_path / "data" / "advisories.db")
    yield opened
    opened.close()


def record(name: str, package: str = "flask", **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "modified": "2026-11-20T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}
                ],
                "versions": ["1.0"],
            }
        ],
        **changes,
    }


def write_lines(path: Path, *records: Any) -> Path:
    path.write_text("".join(r if isinstance(r, str) else json.dumps(r) + "\n" for r in records))
    return path


def run(database: AdvisoryDatabase, source: Path) -> tuple[int, int, int, int, int]:
    r = import_advisories(database, source, lambda: NOW)
    return r.added, r.replaced, r.unchanged, r.skipped, r.malformed


def known(database: AdvisoryDatabase, package: str) -> list[tuple[Advisory, Affected]]:
    return [(advisory, affected) for _, advisory, affected in database.lookup([("PyPI", package)])]


def test_an_empty_database_says_so(database: AdvisoryDatabase) -> None:
    assert database.status() is None
    assert not database.path.exists()


def test_what_is_imported_is_looked_up(database: AdvisoryDatabase, tmp_path: Path) -> None:
    source = write_lines(
        tmp_path / "a.jsonl",
        record("A-1", "Flask", aliases=["CVE-1"], summary="Bad"),
        record("A-2", "jinja2"),
    )
    assert run(database, source) == (2, 0, 0, 0, 0)
    ((advisory, affected),) = known(database, "flask")
    assert (advisory.id, advisory.aliases, advisory.summary) == ("A-1", ("CVE-1",), "Bad")
    assert affected.ranges == ((("introduced", "0"), ("fixed", "2.0")),)
    assert affected.versions == ("1.0",)
    assert known(database, "django") == []


def test_importing_twice_changes_nothing(database: AdvisoryDatabase, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "a.jsonl", record("A-1"), record("A-2"))
    run(database, source)
    before = database.status()
    assert run(database, source) == (0, 0, 2, 0, 0)
    assert database.status() == before


def test_only_a_later_record_replaces(database: AdvisoryDatabase, tmp_path: Path) -> None:
    first = write_lines(tmp_path / "a.jsonl", record("A-1", summary="first"))
    later = write_lines(
        tmp_path / "b.jsonl",
        record("A-1", "django", summary="later", modified="2026-11-21T00:00:00Z"),
    )
    run(database, first)
    assert run(database, later) == (0, 1, 0, 0, 0)
    assert run(database, first) == (0, 0, 1, 0, 0)
    assert known(database, "flask") == []
    assert known(database, "django")[0][0].summary == "later"


def test_the_digest_depends_on_the_records_alone(tmp_path: Path) -> None:
    facts = []
    for order in (("A-1", "A-2"), ("A-2", "A-1")):
        database = AdvisoryDatabase(tmp_path / f"{order[0]}.db")
        run(database, write_lines(tmp_path / "a.jsonl", *(record(name) for name in order)))
        facts.append(database.status())
        database.close()
    assert facts[0] == facts[1]


def test_withdrawn_records_are_not_found(database: AdvisoryDatabase, tmp_path: Path) -> None:
    run(database, write_lines(tmp_path / "a.jsonl", record("A-1"), record("A-2")))
    withdrawn = record("A-1", modified="2026-11-21T00:00:00Z", withdrawn="2026-11-21T00:00:00Z")
    assert run(database, write_lines(tmp_path / "b.jsonl", withdrawn)) == (0, 1, 0, 0, 0)
    assert [advisory.id for advisory, _ in known(database, "flask")] == ["A-2"]


def test_a_bad_record_is_named_and_the_others_are_imported(
    database: AdvisoryDatabase, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "a.jsonl", "{not json\n", record("A-1"), '{"id":"x"}\n', "\n")
    report = import_advisories(database, source, lambda: NOW)
    assert (report.added, report.malformed) == (1, 2)
    assert [name for name, _ in report.named] == [f"{source}:1", f"{source}:3"]


def test_only_so_many_bad_records_are_named(database: AdvisoryDatabase, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "a.jsonl", *["x\n"] * (MAX_NAMED + 5))
    report = import_advisories(database, source, lambda: NOW)
    assert (report.malformed, len(report.named)) == (MAX_NAMED + 5, MAX_NAMED)
    assert database.status() is None


def test_other_ecosystems_are_skipped(database: AdvisoryDatabase, tmp_path: Path) -> None:
    other = {**record("B-1"), "affected": [{"package": {"ecosystem": "Hex", "name": "x"}}]}
    assert run(database, write_lines(tmp_path / "a.jsonl", other, record("A-1"))) == (1, 0, 0, 1, 0)


def test_a_source_over_the_limits_changes_nothing(
    database: AdvisoryDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(database, write_lines(tmp_path / "a.jsonl", record("A-1")))
    before = database.status()
    monkeypatch.setattr(sources, "MAX_RECORDS", 2)
    with pytest.raises(TooLarge):
        run(database, write_lines(tmp_path / "b.jsonl", *(record(f"B-{n}") for n in range(3))))
    assert database.status() == before


def test_age_is_that_of_the_newest_record(database: AdvisoryDatabase, tmp_path: Path) -> None:
    run(database, write_lines(tmp_path / "a.jsonl", record("A-1")))
    facts = database.status()
    assert facts is not None
    assert age_in_days(facts, NOW) == 4.0


def test_a_record_from_the_future_does_not_make_it_fresh_forever(
    database: AdvisoryDatabase, tmp_path: Path
) -> None:
    run(database, write_lines(tmp_path / "a.jsonl", record("A-1", modified="2099-01-01T00:00:00Z")))
    facts = database.status()
    assert facts is not None
    assert age_in_days(facts, NOW + timedelta(days=30)) == 30.0


def test_a_folder_is_searched_to_its_bottom(database: AdvisoryDatabase, tmp_path: Path) -> None:
    folder = tmp_path / "source" / "deep"
    folder.mkdir(parents=True)
    (folder / "one.json").write_text(json.dumps(record("A-1")))
    (folder / "list.json").write_text(json.dumps([record("A-2"), record("A-3")]))
    (folder / "notes.txt").write_text("nothing")
    (folder / "link.json").symlink_to("/etc/passwd")
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("../../A-4.json", json.dumps(record("A-4")))
        archive.writestr("readme.txt", "nothing")
    assert run(database, tmp_path / "source") == (4, 0, 0, 0, 0)


def test_a_bomb_in_an_archive_is_not_unpacked(
    database: AdvisoryDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_RECORD_BYTES", 10_000)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", b" " * 1_000_000)
        archive.writestr("good.json", json.dumps(record("A-1")))
    report = import_advisories(database, path, lambda: NOW)
    assert (report.added, report.named) == (1, [(f"{path}!bomb.json", "more than 10000 bytes")])


def test_a_line_over_the_limit_is_named(
    database: AdvisoryDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_RECORD_BYTES", 1000)
    source = write_lines(tmp_path / "a.jsonl", "x" * 5000 + "\n", record("A-1"))
    assert run(database, source) == (1, 0, 0, 0, 1)


def test_a_damaged_archive_is_named(database: AdvisoryDatabase, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 nothing")
    report = import_advisories(database, tmp_path / "a.zip", lambda: NOW)
    assert "not a whole zip archive" in report.named[0][1]


def test_what_is_not_there_or_of_another_kind_is_refused(
    database: AdvisoryDatabase, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(NotFound):
        run(database, tmp_path / "nothing.json")
    for source in ("empty", "a.txt"):
        with pytest.raises(InvalidInput, match="holds no advisories"):
            run(database, tmp_path / source)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"something else" * 100)
    database = AdvisoryDatabase(tmp_path / "a.db")
    with pytest.raises(MissingPrerequisite, match="cannot be read"):
        database.status()
    database.close()
