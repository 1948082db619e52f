"""What the hub's groups may do in an instance. Pure.

- `idp:administrators`: everything, everywhere.
- `idp:developers`: in the first environment push and change applications (`idp-developer`); in the
  others look, promote and roll back (`idp-promoter`).
- `idp:approvers:<environment>`: approve there (`idp-approver`), look elsewhere.
- `idp:security`: agree to changes of the rules and to exceptions (`idp-security`).
- `idp:responders:<environment>`: override gates and start hotfixes there (`idp-responder`), look
  elsewhere. Each time, somebody else reviews it.
- `idp:viewers`: look.
- `idp:auditors`: look, and read the audit (`idp-auditor`), which else only administrators may.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.apps.hub.groups import (
    ADMINISTRATORS,
    AUDITORS,
    DEVELOPERS,
    SECURITY,
    VIEWERS,
    approvers,
    responders,
)
from idp.capabilities.promotion.render.roles import (
    ADMIN,
    APPROVER,
    AUDITOR,
    DEVELOPER,
    PROMOTER,
    RESPONDER,
    VIEWER,
)
from idp.capabilities.promotion.render.roles import SECURITY as SECURITY_ROLE
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest
from idp.kernel.standard import CLUSTER_ROLE, CLUSTER_ROLE_BINDING

HUB = "idp-hub"
"""User name of the hub in every instance, and its one role."""
HUB_GROUP = "idp:hub"


def hub_role() -> list[Manifest]:
    """The one right of the hub: to act as somebody else, who then needs rights of his own."""
    rules = [{"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]}]
    return [render(CLUSTER_ROLE, HUB, rules=rules), _binding(HUB, HUB, HUB_GROUP)]


def group_bindings(environment: str, *, first: bool, environments: Sequence[str]) -> list[Manifest]:
    """Bindings of the hub's groups in one instance."""
    roles = {
        ADMINISTRATORS: ADMIN,
        DEVELOPERS: DEVELOPER if first else PROMOTER,
        SECURITY: SECURITY_ROLE,
        VIEWERS: VIEWER,
        AUDITORS: AUDITOR,
        **{approvers(other): VIEWER for other in environments},
        approvers(environment): APPROVER,
        **{responders(other): VIEWER for other in environments},
        responders(environment): RESPONDER,
    }
    return [_binding(group.replace(":", "-"), role, group) for group, role in roles.items()]


def _binding(name: str, role: str, group: str) -> Manifest:
    return render(
        CLUSTER_ROLE_BINDING,
        name,
        roleRef={"apiGroup": CLUSTER_ROLE.group, "kind": "ClusterRole", "name": role},
        subjects=[{"apiGroup": CLUSTER_ROLE.group, "kind": "Group", "name": group}],
    )
