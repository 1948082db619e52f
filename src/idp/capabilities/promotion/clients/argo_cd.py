"""Argo CD through its `Application` objects: made when it is missing, told to look at once."""

from __future__ import annotations

from idp.capabilities.promotion.render.argo_application import argo_application
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import ARGO_APPLICATION

FIELD_MANAGER = "idp-promotion"
_REFRESH: Manifest = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
"""Argo CD looks at Git when it sees this, and removes it; else it would wait for its next poll."""


class ArgoCd:
    """The Applications of one instance.

    Args:
        client: The instance's API.
        environment: Whose repository the Applications follow.
        git_url: Address of the Git server.
    """

    def __init__(self, client: Client, *, environment: str, git_url: str) -> None:
        self._client = client
        self._environment = environment
        self._git_url = git_url

    async def ensure(self, namespace: str, application: str) -> None:
        """Make the Application what it should be, and have it look at Git."""
        manifest = argo_application(
            namespace, application, environment=self._environment, git_url=self._git_url
        )
        await self._client.apply(ARGO_APPLICATION, manifest, field_manager=FIELD_MANAGER)
        await self.refresh(namespace, application)

    async def heal(self, namespace: str, application: str, *, by_itself: bool) -> None:
        """Have the Application applied again whenever what runs differs, or only when Git moves."""
        found = await get_or_none(self._client, ARGO_APPLICATION, application, namespace)
        automated = (((found or {}).get("spec") or {}).get("syncPolicy") or {}).get("automated")
        if automated is None or automated.get("selfHeal", False) == by_itself:
            return
        patch = {"spec": {"syncPolicy": {"automated": {"selfHeal": by_itself}}}}
        try:
            await self._client.patch(ARGO_APPLICATION, application, patch, namespace)
        except NotFound:
            return

    async def refresh(self, namespace: str, application: str) -> None:
        """Have the Application look at Git; one that is not there needs not look."""
        try:
            await self._client.patch(ARGO_APPLICATION, application, _REFRESH, namespace)
        except NotFound:
            return
