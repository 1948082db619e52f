from __future__ import annotations

import asyncio
from typing import Any

from idp.embedded.apiserver.local_client import LocalClient
from idp.kernel.resource import Manifest, ResourceType

RBAC = "rbac.authorization.k8s.io"
ROLE = ResourceType(RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False)


async def rules_of(client: LocalClient, name: str, expected: list[dict[str, Any]]) -> None:
    """Wait until a role shows these rules."""
    async with asyncio.timeout(20):
        while True:
            if ((await client.get(ROLE, name)).get("rules") or []) == expected:
                return
            await asyncio.sleep(0.01)


async def test_an_aggregating_role_shows_what_it_aggregates(client: LocalClient) -> None:
    selector = {"matchLabels": {"monitoring": "true"}}
    await client.create(
        ROLE,
        {
            "metadata": {"name": "monitoring"},
            "aggregationRule": {"clusterRoleSelectors": [selector]},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
        },
    )
    await rules_of(client, "monitoring", [])
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    part: Manifest = {"metadata": {"name": "p", "labels": selector["matchLabels"]}, "rules": [rule]}
    await client.create(ROLE, part)
    await rules_of(client, "monitoring", [rule])
    await client.patch(ROLE, "p", {"metadata": {"labels": {"monitoring": None}}})
    await rules_of(client, "monitoring", [])


async def test_the_roles_of_users_show_their_rights(client: LocalClient) -> None:
    view = await client.get(ROLE, "system:aggregate-to-view")
    await rules_of(client, "view", view["rules"])
