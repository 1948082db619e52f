"""Aggregated ClusterRoles: their rules are those of the roles that they select."""

from __future__ import annotations

from collections.abc import Sequence

from idp.kernel.client import Client
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.resource import Manifest
from idp.kernel.selectors import selects
from idp.kernel.standard import CLUSTER_ROLE

FIELD_MANAGER = "clusterrole-aggregation-controller"
_ALL = Request("", "")


class ClusterRoleReconciler:
    """Writes the rules of all aggregated roles; any role may belong to any of them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def controller(self) -> Controller:
        """The controller that runs this reconciler."""
        watches = [Watch(CLUSTER_ROLE, lambda _role: [_ALL])]
        return Controller("cluster-roles", self._client, self.reconcile, watches, workers=1)

    async def reconcile(self, _request: Request) -> Result:
        """Look at all roles."""
        roles = (await self._client.list(CLUSTER_ROLE)).items
        for role in roles:
            if role.get("aggregationRule"):
                rules = aggregated_rules(role, roles)
                if rules != (role.get("rules") or []):
                    wanted = {"metadata": {"name": role["metadata"]["name"]}, "rules": rules}
                    await self._client.apply(CLUSTER_ROLE, wanted, field_manager=FIELD_MANAGER)
        return Result()


def aggregated_rules(role: Manifest, roles: Sequence[Manifest]) -> list[Manifest]:
    """The rules of an aggregated role: each once, roles in the order of their names. Pure."""
    selectors = role["aggregationRule"].get("clusterRoleSelectors") or []
    rules: list[Manifest] = []
    for other in sorted(roles, key=lambda r: str(r["metadata"]["name"])):
        labels = other["metadata"].get("labels")
        if other["metadata"]["name"] == role["metadata"]["name"]:
            continue
        if any(selects(selector, labels) for selector in selectors):
            rules += [rule for rule in other.get("rules") or [] if rule not in rules]
    return rules
