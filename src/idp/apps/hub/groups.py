"""Groups of users that mean something to the platform; `idp.apps.instance.groups` says what."""

from __future__ import annotations

ADMINISTRATORS = "idp:administrators"
DEVELOPERS = "idp:developers"
SECURITY = "idp:security"
VIEWERS = "idp:viewers"
AUDITORS = "idp:auditors"


def approvers(environment: str) -> str:
    """The group whose members may approve promotions into an environment."""
    return f"idp:approvers:{environment}"


def responders(environment: str) -> str:
    """The group whose members may go past the rules of an environment in an emergency."""
    return f"idp:responders:{environment}"
