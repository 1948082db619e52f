"""What scanners found, and what a verdict made of it, after a real push."""

from __future__ import annotations

import pytest

from support.applications import NAMESPACE, Application
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_the_history_knows_the_scans_and_the_verdict_explains_itself(
    platform: Platform, released: tuple[Application, str]
) -> None:
    application, _commit = released
    where = ("-n", NAMESPACE, "-e", "staging")
    report = platform.json("security", "report", application.name, *where)
    assert [scan["incomplete"] for scan in report["trend"]] == ["dependencies"]
    verdict = platform.json("promotion", "explain", application.name, *where)
    assert verdict["decision"] == "AllowWithObligations"
    assert verdict["obligations"] == ["dependencies"]
    assert verdict["evidenceDigest"].startswith("sha256:")
    profile = platform.json("security", "profile", "show", "-e", "production")
    assert profile["severity"]["unscored"] == "deny"
    assert profile["tools"]["dependencies"] == "run"
    compliance = platform.json("compliance", "report", "--framework", "soc2", "-e", "staging")
    assert len(compliance["controls"]) == 61
    chain = next(e for e in compliance["evidence"] if e["name"] == "audit-chain")
    assert chain["state"] == "met"
