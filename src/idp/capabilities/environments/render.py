"""The objects that say what an instance is and what it expects of a release. Pure."""

from __future__ import annotations

from typing import Any

from idp.capabilities.environments.kinds import IDPInstance, PromotionPipeline
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest

PIPELINE = "default"
"""Name of the PromotionPipeline that serves every application."""

_PEOPLE_DECIDE: Manifest = {
    "automatic": True,
    "approval": {"required": 1, "excludeAuthor": True},
}
_DEFAULTS: dict[str, Manifest] = {
    "development": {"automatic": True},
    "staging": {"previous": "development", "automatic": True},
    "uat": {"previous": "staging", **_PEOPLE_DECIDE},
    "production": {
        "previous": "uat",
        **_PEOPLE_DECIDE,
        # Straight from where it was built; the environments between get it afterwards.
        "hotfix": {
            "allowed": True,
            "verifiedIn": ["development"],
            "validateIn": ["staging", "uat"],
        },
    },
}


def instance(environment: str) -> Manifest:
    """The IDPInstance of an instance; it has the environment's name."""
    return render(IDPInstance.type(), environment, spec={"environment": environment})


def default_pipeline(environment: str) -> Manifest:
    """The gates that an environment starts with.

    An environment that is not one of the four takes nothing by itself: a person states what comes
    before it, and until then every promotion needs somebody who starts and somebody who approves.
    """
    unknown: dict[str, Any] = {
        "automatic": False,
        "approval": {"required": 1, "excludeAuthor": True},
    }
    spec = _DEFAULTS.get(environment, unknown)
    return render(PromotionPipeline.type(), PIPELINE, spec=spec)
