from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

from idp.capabilities.scanning.importing import import_advisories
from idp.capabilities.scanning.kinds import VulnerabilityException
from idp.capabilities.scanning.reports import Finding, complete
from idp.capabilities.scanning.subjects import ImageParameters
from idp.capabilities.signing.kinds import InstanceTrust
from idp.kernel.errors import DeadlineExceeded, Invalid, Unavailable
from idp.protocols.signing.attestations import attach, statements
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import CYCLONEDX, SCAN
from support.keys import Stolen


def know(pipeline: Any, folder: Path, *packages: str) -> None:
    """Import one advisory for each package."""
    records = [
        {
            "id": f"TEST-{package}",
            "modified": "2026-11-23T00:00:00Z",
            "affected": [{"package": {"ecosystem": "PyPI", "name": package}, "versions": ["1.0"]}],
        }
        for package in packages
    ]
    (folder / "records.json").write_text(json.dumps(records))
    import_advisories(pipeline.advisories, folder / "records.json")


def by_name(outcome: Any) -> dict[str, Any]:
    return {scanner["name"]: scanner for scanner in outcome.outputs["scanners"]}


async def test_a_push_scans_and_attests(pipeline: Any, tmp_path: Path) -> None:
    know(pipeline, tmp_path, "flask", "other")
    files = {**pipeline.images.distribution("Flask", "1.0"), "app/a.py": b"x = 1\n"}
    await pipeline.build(files)
    outcome = await pipeline.push()
    assert outcome.phase == "Succeeded"
    assert pipeline.scanner.saw == {"app/a.py": b"x = 1\n"}
    assert [(f["scanner"], f["id"]) for f in outcome.outputs["findings"]] == [
        ("dependencies", "TEST-flask")
    ]
    assert outcome.outputs["incomplete"] == []
    assert outcome.outputs["database"]["records"] == 2
    assert outcome.outputs["digest"] == pipeline.digest
    found = await statements(
        pipeline.registry,
        "demo/hello",
        pipeline.digest,
        pipeline.trust.pinned,
        predicate_type=SCAN,
    )
    (statement,) = found.verified
    assert statement.digest == outcome.outputs["attestation"]
    assert statement.predicate["time"] == "2026-11-24T10:00:00Z"
    assert [scanner["name"] for scanner in statement.predicate["scanners"]] == [
        "bandit",
        "dependencies",
    ]


async def test_a_push_is_remembered(pipeline: Any, tmp_path: Path) -> None:
    know(pipeline, tmp_path, "flask")
    await pipeline.build(pipeline.images.distribution("Flask", "1.0"))
    await pipeline.push()
    await pipeline.push()
    (seen,) = pipeline.findings()
    assert (seen.finding, seen.package, seen.owner) == ("TEST-flask", "flask", "maya")
    assert (seen.last_image, seen.state) == (pipeline.digest, "open")


async def test_a_promotion_is_remembered_and_an_exception_stated(
    pipeline: Any, tmp_path: Path
) -> None:
    know(pipeline, tmp_path, "other")
    await pipeline.build(pipeline.images.distribution("Flask", "1.0"))
    await pipeline.push()
    await pipeline.release()
    assert pipeline.findings() == []
    know(pipeline, tmp_path, "flask")
    spec = {
        "finding": "TEST-flask",
        "reason": "r",
        "author": "ada",
        "approver": "grace",
        "expires": "2027-01-01T00:00:00Z",
    }
    body = {"metadata": {"name": "e", "namespace": "demo"}, "spec": spec}
    await pipeline.client.create(VulnerabilityException.type(), body)
    await pipeline.promote()
    assert [(f.finding, f.state, f.exception) for f in pipeline.findings()] == [
        ("TEST-flask", "accepted", "e")
    ]


async def test_a_repeated_call_attests_the_same(pipeline: Any, tmp_path: Path) -> None:
    know(pipeline, tmp_path, "flask")
    await pipeline.build({"app/a.py": b"1"})
    assert await pipeline.push() == await pipeline.push()
    assert len(await pipeline.registry.referrers("demo/hello", pipeline.digest)) == 2


async def test_a_scanner_that_fails_is_incomplete_and_never_clean(
    pipeline: Any, tmp_path: Path
) -> None:
    know(pipeline, tmp_path, "flask")
    pipeline.scanner.answer = DeadlineExceeded("bandit did not end within 300 s")
    await pipeline.build({"app/a.py": b"1"})
    outcome = await pipeline.push()
    assert (outcome.phase, outcome.reason) == ("Succeeded", "Incomplete")
    assert outcome.outputs["incomplete"] == [
        {"name": "bandit", "reason": "bandit did not end within 300 s"}
    ]


async def test_without_advisories_dependencies_are_incomplete(pipeline: Any) -> None:
    await pipeline.build({"app/a.py": b"1"})
    outcome = await pipeline.push()
    assert [gap["name"] for gap in outcome.outputs["incomplete"]] == ["dependencies"]
    assert outcome.outputs["database"] is None


async def test_a_promotion_compares_anew_and_keeps_the_rest(pipeline: Any, tmp_path: Path) -> None:
    pipeline.scanner.answer = complete("bandit", "1", [Finding(id="B101", severity=0.1)])
    know(pipeline, tmp_path, "other")
    await pipeline.build(pipeline.images.distribution("Flask", "1.0"))
    await pipeline.push()
    await pipeline.release()
    know(pipeline, tmp_path, "flask")
    outcome = await pipeline.promote()
    reports = by_name(outcome)
    assert [finding["id"] for finding in reports["bandit"]["findings"]] == ["B101"]
    assert [finding["id"] for finding in reports["dependencies"]["findings"]] == ["TEST-flask"]
    assert outcome.outputs["digest"] == pipeline.digest
    assert "attestation" not in outcome.outputs


async def test_a_promotion_without_evidence_is_incomplete(pipeline: Any, tmp_path: Path) -> None:
    know(pipeline, tmp_path, "flask")
    await pipeline.build({"app/a.py": b"1"})
    await pipeline.release()
    outcome = await pipeline.promote()
    assert {name: report["status"] for name, report in by_name(outcome).items()} == {
        "bandit": "incomplete",
        "dependencies": "incomplete",
    }
    assert "development attests no" in by_name(outcome)["bandit"]["reason"]


async def test_forged_evidence_does_not_count(pipeline: Any, tmp_path: Path) -> None:
    know(pipeline, tmp_path, "flask")
    await pipeline.build(pipeline.images.distribution("Flask", "1.0"))
    await pipeline.release()
    stranger = PrivateKey.generate()
    empty = {"bomFormat": "CycloneDX", "components": []}
    clean = {"scanners": [complete("bandit", "1", []).model_dump()], "time": "9999"}
    for predicate_type, predicate in ((CYCLONEDX, empty), (SCAN, clean)):
        await attach(
            pipeline.registry, "demo/hello", pipeline.digest, predicate_type, predicate, stranger
        )
    outcome = await pipeline.promote()
    assert {report["status"] for report in by_name(outcome).values()} == {"incomplete"}


async def test_evidence_outside_the_log_does_not_count(pipeline: Any, tmp_path: Path) -> None:
    know(pipeline, tmp_path, "flask")
    thief = PrivateKey.generate()
    pipeline.trust = InstanceTrust(pipeline.client, {"development": thief.public_key})
    await pipeline.build(pipeline.images.distribution("Flask", "1.0"))
    await pipeline.release()
    empty = {"bomFormat": "CycloneDX", "components": []}
    await attach(pipeline.registry, "demo/hello", pipeline.digest, CYCLONEDX, empty, thief)
    reports = by_name(await pipeline.promote())
    assert reports["dependencies"]["status"] == "incomplete"


@pytest.mark.parametrize(("clock", "status"), [(True, "clean"), (False, "incomplete")])
async def test_what_a_clock_proves_to_be_older_than_a_theft_counts(
    pipeline: Any, tmp_path: Path, clock: bool, status: str
) -> None:
    know(pipeline, tmp_path, "flask")
    stolen = Stolen("development")
    pipeline.key = stolen.signer
    authorities = stolen.authorities if clock else {}
    pipeline.trust = InstanceTrust(pipeline.client, {"development": stolen.pins}, authorities)
    await pipeline.build({"app/a.py": b"1"})
    await pipeline.push()
    await pipeline.release()
    assert by_name(await pipeline.promote())["bandit"]["status"] == status


async def test_of_several_scans_the_newest_counts(pipeline: Any, tmp_path: Path) -> None:
    know(pipeline, tmp_path, "flask")
    await pipeline.build({"app/a.py": b"1"})
    await pipeline.push()
    await pipeline.release()
    later = {
        "scanners": [complete("bandit", "2", [Finding(id="B2")]).model_dump()],
        "time": "2026-11-24T11:00:00Z",
    }
    await attach(pipeline.registry, "demo/hello", pipeline.digest, SCAN, later, pipeline.key)
    assert by_name(await pipeline.promote())["bandit"]["version"] == "2"


async def test_a_release_of_another_namespace_is_refused(pipeline: Any) -> None:
    await pipeline.profile()
    await pipeline.build({"app/a.py": b"1"}, repository="other/hello")
    with pytest.raises(Invalid, match="does not belong to demo"):
        await pipeline.perform(pipeline.scan(), build="push-1-build")


@pytest.mark.parametrize("parameters", [{}, {"build": "a", "release": "b"}])
def test_exactly_one_thing_is_scanned(parameters: dict[str, str]) -> None:
    with pytest.raises(pydantic.ValidationError, match="either build or release"):
        ImageParameters(**parameters)


async def test_the_profile_says_what_looks_again(pipeline: Any, tmp_path: Path) -> None:
    know(pipeline, tmp_path, "other")
    await pipeline.build({"app/a.py": b"1", **pipeline.images.distribution("Flask", "1.0")})
    await pipeline.push()
    await pipeline.release()
    know(pipeline, tmp_path, "flask")
    pipeline.scanner.answer = complete("bandit", "2", [])
    assert by_name(await pipeline.promote())["bandit"]["version"] == "1"
    assert by_name(await pipeline.promote(bandit="run"))["bandit"]["version"] == "2"
    attested = by_name(await pipeline.promote(dependencies="attested"))
    assert attested["dependencies"]["status"] == "clean"
    assert set(by_name(await pipeline.promote(bandit="off"))) == {"dependencies"}


async def test_a_scanner_that_is_off_where_code_arrives_does_not_run(
    pipeline: Any, tmp_path: Path
) -> None:
    know(pipeline, tmp_path, "flask")
    await pipeline.build({"app/a.py": b"1"})
    await pipeline.profile(bandit="off")
    outcome = await pipeline.perform(pipeline.scan(), build="push-1-build")
    assert set(by_name(outcome)) == {"dependencies"}
    assert pipeline.scanner.saw == {}


async def test_every_report_says_when_it_was_made(pipeline: Any, tmp_path: Path) -> None:
    know(pipeline, tmp_path, "flask")
    await pipeline.build({"app/a.py": b"1"})
    await pipeline.push()
    await pipeline.release()
    reports = by_name(await pipeline.promote())
    assert {report["made"] for report in reports.values()} == {"2026-11-24T10:00:00Z"}


async def test_without_a_profile_it_waits(pipeline: Any) -> None:
    await pipeline.build({"app/a.py": b"1"})
    with pytest.raises(Unavailable, match="no SecurityProfile"):
        await pipeline.perform(pipeline.scan(), build="push-1-build")
