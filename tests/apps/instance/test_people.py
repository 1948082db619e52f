from __future__ import annotations

from pathlib import Path

from idp.apps.instance.people import PeopleLog, by_person
from idp.kernel.audit import AuditLog
from idp.kernel.audit_entry import AuditEntry
from idp.kernel.database import open_database

CREATED = "create promotions.platform.idp"


def test_what_came_through_the_hub_is_the_persons() -> None:
    entry = AuditEntry("idp-hub", CREATED, "demo/a", {"code": 200, "as": "maya"})
    assert by_person(entry) == AuditEntry(
        "maya", CREATED, "demo/a", {"code": 200, "through": "idp-hub"}
    )


def test_who_impersonates_by_hand_stays_responsible() -> None:
    entry = AuditEntry("admin", CREATED, "demo/a", {"code": 200, "as": "maya"})
    assert by_person(entry) == entry


def test_the_hub_itself_is_named_when_it_acts_for_nobody() -> None:
    entry = AuditEntry("idp-hub", CREATED, "demo/a", {"code": 403})
    assert by_person(entry) == entry


def test_the_chain_takes_the_records(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    log = AuditLog(database)
    PeopleLog(log).append_all([AuditEntry("idp-hub", CREATED, "demo/a", {"as": "maya"})])
    assert [record.actor for record in log.tail(5, actor="maya")] == ["maya"]
    assert log.verify().broken_at is None
    database.dispose()
