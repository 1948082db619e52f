"""What each role may change of each kind, asked of a real API server with everything that an
instance starts with. A new kind, or a right that nobody wrote down here, fails.
"""

from __future__ import annotations

from pathlib import Path

from idp.apps.capabilities import kinds
from idp.apps.instance.bootstrap import bootstrap
from idp.apps.platform.layout import ENVIRONMENTS
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.client import Client
from idp.kernel.errors import Forbidden, IdpError
from idp.kernel.resource import ResourceType
from idp.kernel.standard import NAMESPACE, SECRET

NAMED_VERBS = ("create", "patch", "delete", "patch status")
GRANTED: dict[str, dict[str, set[str]]] = {
    "nobody": {},
    "viewers": {},
    "developers": {
        "Promotion": {"create"},
        "SecurityProfileChange": {"create"},
        "VulnerabilityException": {"create", "delete"},
    },
    "approvers:production": {
        "Approval": {"create"},
        "Freeze": {"create", "delete"},
        "Review": {"patch"},
        "VulnerabilityException": {"patch", "delete"},
    },
    "approvers:uat": {},
    "responders:production": {
        "Approval": {"create"},
        "Promotion": {"create"},
        "SecurityProfileChange": {"create"},
        "VulnerabilityException": {"create", "delete"},
    },
    "security": {
        "SecurityProfileChange": {"create", "patch", "delete"},
        "VulnerabilityException": {"create", "patch", "delete"},
    },
}
"""In production, by group. Whatever is not here is refused."""


async def _may(client: Client, type_: ResourceType, verb: str) -> bool:
    namespace = "demo" if type_.namespaced else None
    try:
        if verb == "create":
            await client.create(type_, {"metadata": {"name": "x", "namespace": namespace}})
        elif verb == "delete":
            await client.delete(type_, "x", namespace)
        else:
            subresource = "status" if verb.endswith("status") else None
            await client.patch(type_, "x", {"spec": {}}, namespace, subresource=subresource)
    except Forbidden as error:
        return "cannot" not in error.message  # what RBAC says; admission speaks otherwise
    except IdpError:
        return True  # let in, and refused for what it is
    return True


async def test_nobody_may_change_more_than_is_written_down(tmp_path: Path) -> None:
    async with ApiServer(ApiServerSettings(data=tmp_path)) as server:
        platform = server.client("platform", ("system:masters",))
        await bootstrap(platform, "production", ENVIRONMENTS)
        await platform.create(NAMESPACE, {"metadata": {"name": "demo"}})
        types = [*(kind.type() for kind in kinds()), SECRET]
        found: dict[str, dict[str, set[str]]] = {}
        for group in GRANTED:
            groups = () if group == "nobody" else (f"idp:{group}",)
            client = server.client("somebody", groups)
            rights = {
                type_.kind: {verb for verb in NAMED_VERBS if await _may(client, type_, verb)}
                for type_ in types
            }
            found[group] = {kind: verbs for kind, verbs in rights.items() if verbs}
        assert found == GRANTED
        administrator = server.client("admin", ("idp:administrators",))
        assert [t.kind for t in types if not await _may(administrator, t, "delete")] == []
