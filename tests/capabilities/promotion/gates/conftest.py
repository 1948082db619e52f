"""A promotion before the gates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.kinds import Promotion, PromotionSpec
from idp.kernel.resource import ObjectMeta

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def case(bench: Any) -> Callable[..., GateCase]:
    """Builds a case; keywords change it."""

    def build(**changes: Any) -> GateCase:
        facts: dict[str, Any] = {
            "environment": "uat",
            "promotion": Promotion(
                metadata=ObjectMeta(name="p", namespace="demo", uid="u-1"),
                spec=PromotionSpec(application="hello", release="r1", initiator="bob"),
            ),
            "release": bench.release_spec(),
            "pipeline": PromotionPipelineSpec(previous="staging"),
            "now": NOW,
            "verdict": {"decision": "Allow", "obligations": []},
            "approval": {"approvers": ["grace"]},
            "key": "u-1-gate",
        }
        return GateCase(**{**facts, **changes})

    return build
