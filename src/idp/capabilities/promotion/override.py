"""An emergency override as a step's output, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.capabilities.promotion.decide.approvals import Override
from idp.kernel.clock import parse_timestamp, timestamp


def override_output(override: Override | None) -> dict[str, str]:
    """As JSON values; empty without one."""
    if override is None:
        return {}
    return {
        "approval": override.approval,
        "by": override.by,
        "reason": override.reason,
        "until": timestamp(override.until),
    }


def override_of(output: Mapping[str, Any]) -> Override | None:
    """From JSON values; None when they are empty."""
    if not output:
        return None
    until = parse_timestamp(output["until"])
    return Override(output["approval"], output["by"], output["reason"], until)
