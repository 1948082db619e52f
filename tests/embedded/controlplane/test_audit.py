from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.embedded.controlplane.audit import AUDIT_ID, AuditFollower, Position, entry
from idp.embedded.controlplane.commands import AUDIT_LOG
from idp.kernel.audit_entry import AuditEntry


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "auditID": f"id-{number}",
        "verb": "create",
        "user": {"username": "idp-hub", "groups": ["idp:hub"]},
        "impersonatedUser": {"username": "maya", "groups": ["idp:developers"]},
        "sourceIPs": ["127.0.0.1"],
        "requestURI": "/apis/platform.idp/v1alpha1/namespaces/demo/approvals?dryRun=All",
        "objectRef": {
            "resource": "approvals",
            "apiGroup": "platform.idp",
            "namespace": "demo",
            "name": "yes",
        },
        "responseStatus": {"code": 403, "reason": "Forbidden"},
        "annotations": {"authorization.k8s.io/decision": "forbid", "policy/why": "no"},
        **changes,
    }


def test_an_event_says_what_the_embedded_server_says() -> None:
    assert entry(event()) == AuditEntry(
        "idp-hub",
        "create approvals.platform.idp",
        "demo/yes",
        {
            "code": 403,
            "reason": "Forbidden",
            "as": "maya",
            "groups": ["idp:developers"],
            "from": "127.0.0.1",
            "dryRun": True,
            "annotations": {"policy/why": "no"},
            AUDIT_ID: "id-1",
        },
    )


def test_a_core_subresource_of_a_cluster_scoped_object() -> None:
    reference = {"resource": "nodes", "name": "local", "subresource": "status"}
    found = entry(event(objectRef=reference, impersonatedUser=None, requestURI="/"))
    assert found is not None
    assert (found.actor, found.action, found.target) == ("idp-hub", "create nodes/status", "local")
    assert "as" not in found.facts


@pytest.mark.parametrize("reference", [None, {}])
def test_what_is_about_no_resource_is_no_action(reference: dict[str, Any] | None) -> None:
    assert entry(event(objectRef=reference)) is None


class Chain:
    """A chain in memory that can be told to fail."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.fails = False

    def append_all(self, entries: Sequence[AuditEntry]) -> None:
        if self.fails:
            raise OSError("no space left on device")
        self.ids += [e.facts[AUDIT_ID] for e in entries]

    def latest_ids(self, count: int) -> set[str]:
        return set(self.ids[-count:])


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def follower(tmp_path: Path, chain: Chain) -> AuditFollower:
    return AuditFollower(tmp_path, chain)


def write(path: Path, *numbers: int, end: str = "\n") -> None:
    with path.open("ab") as file:
        for number in numbers:
            file.write(orjson.dumps(event(number)) + end.encode())


def ids(*numbers: int) -> list[str]:
    return [f"id-{number}" for number in numbers]


def test_lines_are_recorded_in_order_and_once(
    tmp_path: Path, follower: AuditFollower, chain: Chain
) -> None:
    log = tmp_path / AUDIT_LOG
    assert follower.catch_up(Position(), set()) == Position()
    write(log, *range(600))
    position = follower.catch_up(Position(), set())
    write(log, 600)
    position = follower.catch_up(position, set())
    assert follower.catch_up(position, set()) == position
    assert chain.ids == ids(*range(601))


def test_half_a_line_waits_for_its_end(
    tmp_path: Path, follower: AuditFollower, chain: Chain
) -> None:
    log = tmp_path / AUDIT_LOG
    write(log, 1)
    write(log, 2, end="")
    position = follower.catch_up(Position(), set())
    assert chain.ids == ids(1)
    write(log, end="")
    log.write_bytes(log.read_bytes() + b"\n")
    follower.catch_up(position, set())
    assert chain.ids == ids(1, 2)


def test_a_file_that_was_turned_over_is_read_to_its_end(
    tmp_path: Path, follower: AuditFollower, chain: Chain
) -> None:
    log = tmp_path / AUDIT_LOG
    write(log, 1)
    position = follower.catch_up(Position(), set())
    write(log, 2)
    log.rename(tmp_path / "audit-2026-11-25T01-00-00.000.log")
    write(log, 3)
    log.rename(tmp_path / "audit-2026-11-25T02-00-00.000.log")
    write(log, 4)
    follower.catch_up(position, set())
    assert chain.ids == ids(1, 2, 3, 4)


def test_a_crash_before_the_note_records_nothing_twice(
    tmp_path: Path, follower: AuditFollower, chain: Chain
) -> None:
    write(tmp_path / AUDIT_LOG, 1, 2)
    follower.catch_up(Position(), set())
    write(tmp_path / AUDIT_LOG, 3)
    follower.catch_up(Position(), chain.latest_ids(512))
    assert chain.ids == ids(1, 2, 3)


def test_what_cannot_be_recorded_is_not_passed_over(
    tmp_path: Path, follower: AuditFollower, chain: Chain
) -> None:
    write(tmp_path / AUDIT_LOG, 1)
    chain.fails = True
    with pytest.raises(OSError, match="no space"):
        follower.catch_up(Position(), set())
    chain.fails = False
    follower.catch_up(Position(), set())
    assert chain.ids == ids(1)


def test_a_line_that_is_not_understood_stops_nothing(
    tmp_path: Path, follower: AuditFollower, chain: Chain
) -> None:
    (tmp_path / AUDIT_LOG).write_text("{}\nnot json\n[]\n")
    write(tmp_path / AUDIT_LOG, 1)
    follower.catch_up(Position(), set())
    assert chain.ids == ids(1)
