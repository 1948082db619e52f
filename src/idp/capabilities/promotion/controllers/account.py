"""The account that pipelines run as, in every namespace in which one ran."""

from __future__ import annotations

from idp.capabilities.promotion.render.templates import PIPELINE_ACCOUNT
from idp.kernel.client import Client, get_or_none
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest
from idp.kernel.standard import NAMESPACE, SERVICE_ACCOUNT, WORKFLOW


class PipelineAccount:
    """Creates the ServiceAccount that workflows name: a pod of theirs is refused without it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [Watch(WORKFLOW, _account_of), Watch(SERVICE_ACCOUNT, _deleted)]
        return Controller("pipeline-account", self._client, self, watches)

    async def __call__(self, request: Request) -> Result:
        """Create the account of a namespace, unless it is there or the namespace goes."""
        namespace = await get_or_none(self._client, NAMESPACE, request.namespace)
        if namespace is None or "deletionTimestamp" in namespace["metadata"]:
            return Result()
        account = (SERVICE_ACCOUNT, request.name, request.namespace)
        if await get_or_none(self._client, *account) is None:
            try:
                await self._client.create(SERVICE_ACCOUNT, render(*account))
            except AlreadyExists:
                return Result()
        return Result()


def _account_of(workflow: Manifest) -> list[Request]:
    account = (workflow.get("spec") or {}).get("serviceAccountName")
    namespace = workflow["metadata"]["namespace"]
    return [Request(namespace, account)] if account == PIPELINE_ACCOUNT else []


def _deleted(account: Manifest) -> list[Request]:
    meta = account["metadata"]
    return [Request(meta["namespace"], meta["name"])] if meta["name"] == PIPELINE_ACCOUNT else []
