"""Groups of users that mean something to the platform; `idp.apps.instance.groups` says what."""

from __future__ import annotations

ADMINISTRATORS = "idp:administrators"
DEVELOPERS = "idp:developers"
SECURITY = "idp:security"
VIEWERS = "idp:viewers"


def approvers(environment: str) -> str:
    """The group whose members may approve promotions into an environment."""
    return f"idp:approvers:{environment}"
