from __future__ import annotations

from typing import Any

import pytest

from idp.apps.hub.overview import Health, health, rows

DIGEST = "sha256:" + "a" * 64


def application(ready: str = "True", reason: str = "Running", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "demo", "name": "hello", "generation": 2},
        "status": {
            "image": f"127.0.0.1:8600/demo/hello@{DIGEST}",
            "release": "r1-abcdef0",
            "url": "http://hello.development.localhost:8621",
            "conditions": [
                {"type": "Ready", "status": ready, "reason": reason, "observedGeneration": 2}
            ],
            **status,
        },
    }


def test_a_row_for_every_environment_also_where_it_is_not_deployed() -> None:
    found = rows(
        {"development": {"WebApplication": [application()]}, "staging": {}, "uat": {}},
        {"development": "", "staging": "", "uat": "no answer within 5 s"},
    )
    assert [(row.environment, row.health) for row in found] == [
        ("development", "Healthy"),
        ("staging", "Missing"),
        ("uat", "Unknown"),
    ]
    assert found[0].digest == DIGEST
    assert found[2].message == "no answer within 5 s"


def test_a_promotion_under_way_is_shown_also_before_the_first_deployment() -> None:
    promotion = {
        "metadata": {"namespace": "demo", "name": "hello-r1"},
        "spec": {"application": "hello"},
        "status": {"phase": "Running"},
    }
    listed = {
        "development": {"WebApplication": [application()]},
        "uat": {"Promotion": [promotion]},
    }
    assert rows(listed, {})[1].promotion == "hello-r1"


@pytest.mark.parametrize(
    ("ready", "reason", "current", "expected"),
    [
        ("True", "Running", True, "Healthy"),
        ("True", "Running", False, "Progressing"),
        ("", "", True, "Progressing"),
        ("Unknown", "", True, "Progressing"),
        ("False", "NothingToRun", True, "Missing"),
        ("False", "CrashLoopBackOff", True, "Degraded"),
    ],
)
def test_health(ready: str, reason: str, current: bool, expected: Health) -> None:
    assert health(ready, reason, current=current) == expected
