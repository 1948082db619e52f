"""What instances sign stands in logs that show when somebody changes the past."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from support.applications import Application
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_the_evidence_of_a_release_is_whole(
    platform: Platform, released: tuple[Application, str]
) -> None:
    application, _ = released
    rows = platform.json("signing", "verify", application.name, "-e", "staging")
    assert {row["result"] for row in rows} == {"holds"}
    found = {(row["subject"], row["proof"], row["signer"]) for row in rows}
    assert {
        ("release", "signature", "development"),
        ("release", "verified", "development"),
        ("image", "signature", "development"),
        ("image", "provenance", "development"),
        ("image", "bill of materials", "development"),
        ("image", "scan", "development"),
    } <= found
    assert all(row["logged"].isdigit() for row in rows if row["proof"] != "signature")


def test_an_application_without_a_release_has_no_evidence(platform: Platform) -> None:
    answer = platform.cli("signing", "verify", "nobody", check=False)
    assert answer.returncode == 3
    assert "knows no release of nobody" in answer.stderr


def test_every_log_holds_until_an_entry_is_changed(
    platform: Platform, released: tuple[Application, str]
) -> None:
    rows = {row["environment"]: row for row in platform.json("signing", "log", "verify")}
    assert {row["log"] for row in rows.values()} == {"holds"}
    assert rows["development"]["attestations"] >= 5
    assert rows["development"]["entries"] >= rows["development"]["attestations"]
    last = platform.json("signing", "log", "show", "--lines", "1")[0]["entry"]
    path = platform.layout.instance("development").history
    with contextlib.closing(sqlite3.connect(path)) as database:
        (entry,) = database.execute(
            "SELECT entry FROM signing_log WHERE place = ?", (last,)
        ).fetchone()
        with database:
            database.execute("UPDATE signing_log SET entry = x'00' WHERE place = ?", (last,))
        try:
            answer = platform.cli("signing", "log", "verify", "-e", "development", check=False)
        finally:
            with database:
                database.execute("UPDATE signing_log SET entry = ? WHERE place = ?", (entry, last))
    assert answer.returncode == 8
    assert f"entry {last} of the transparency log was changed" in " ".join(answer.stdout.split())
