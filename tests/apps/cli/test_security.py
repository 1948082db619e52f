from __future__ import annotations

from typing import Any

import pytest

from idp.apps.cli.security import profile_patch, profile_rows, trend_rows
from idp.capabilities.scanning.kinds import SecurityProfileSpec
from idp.kernel.errors import InvalidInput


@pytest.mark.parametrize(
    ("rules", "spec"),
    [
        (["severity.high=deny"], {"severity": {"high": "deny"}}),
        (["tools.bandit=off", "tools.secrets=run"], {"tools": {"bandit": "off", "secrets": "run"}}),
        (["freshness.scansDays=14"], {"freshness": {"scansDays": 14}}),
        (["evidence=[sbom, scan]"], {"evidence": ["sbom", "scan"]}),
        (["rego="], {"rego": ""}),
    ],
)
def test_rules_become_a_patch_that_a_profile_takes(rules: list[str], spec: dict[str, Any]) -> None:
    assert profile_patch(rules) == {"spec": spec}
    SecurityProfileSpec.model_validate(spec)


@pytest.mark.parametrize("rule", ["severity.high", "=deny", "severity..high=deny", ".=x"])
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises(InvalidInput, match="is no rule"):
        profile_patch([rule])


def test_every_rule_is_shown_with_its_path() -> None:
    spec = SecurityProfileSpec(tools={"bandit": "off"}, rego="package x\nmore")
    rows = profile_rows(spec.model_dump(mode="json", by_alias=True))
    shown = {row["rule"]: row["value"] for row in rows}
    assert shown["tools.bandit"] == "off"
    assert shown["severity.high"] == "deny"
    assert shown["rego"] == "package x"


def test_a_trend_tells_what_each_scan_changed() -> None:
    bands = dict.fromkeys(("critical", "high", "medium", "low", "unscored"), 1)
    rows = trend_rows([bands, {**bands, "high": 4}, {**bands, "low": 0}])
    assert [(row["open"], row["change"]) for row in rows] == [(5, ""), (8, "+3"), (4, "-4")]
