"""What the spec asks for and no component of this instance enforces yet. Pure.

Accepting a setting without acting on it would be a promise that nobody keeps. So the condition
`Enforced` names each such setting, and it is absent when nothing is asked for.
"""

from __future__ import annotations

from idp.capabilities.applications.kinds import WebApplication
from idp.kernel import conditions
from idp.kernel.resource import Condition

AUTHORIZATION = "authorization"
COMMUNICATION = "communication"


def enforced(application: WebApplication, enforces: frozenset[str]) -> Condition | None:
    """The condition `Enforced`, or None when the spec asks for nothing of the kind."""
    asked = _asked(application)
    if not asked:
        return None
    missing = [text for what, text in asked.items() if what not in enforces]
    if not missing:
        return conditions.true("Enforced", "Enforced", "All access rules are enforced.")
    return conditions.false(
        "Enforced",
        "NotEnforced",
        "Not enforced by this instance: " + "; ".join(missing) + ".",
        remedy="Do not rely on these rules here. Run the instance on a cluster that enforces "
        "NetworkPolicy, and authenticate requests in the application.",
    )


def _asked(application: WebApplication) -> dict[str, str]:
    asked: dict[str, str] = {}
    authorization = application.spec.authorization
    if authorization.enabled:
        opa = authorization.opa_integration
        names = ", ".join(policy.name for policy in opa.policies) if opa else ""
        token = " and JWT validation" if opa and opa.jwt_validation else ""
        policies = f" (policies {names}{token})" if names else token
        asked[AUTHORIZATION] = (
            f"spec.authorization{policies}: every request reaches the application"
        )
    communication = application.spec.communication
    if communication.allowed_destinations is not None or communication.denied_destinations:
        asked[COMMUNICATION] = (
            "spec.communication: a NetworkPolicy states it, and the replicas can reach others too"
        )
    return asked
