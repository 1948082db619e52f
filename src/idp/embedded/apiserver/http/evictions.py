"""`pods/<name>/eviction`: a deletion that asks the disruption budgets first."""

from __future__ import annotations

from aiohttp import web

from idp.embedded.apiserver.access.ports import ObjectLookup
from idp.embedded.apiserver.api import Api
from idp.embedded.apiserver.http.answers import json_answer
from idp.embedded.apiserver.http.body import read_value
from idp.embedded.apiserver.verbs.delete import DeleteOptions
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import Cause, InvalidInput, TooManyRequests
from idp.kernel.resource import Manifest
from idp.kernel.selectors import selects


class EvictionPages:
    """Evicts pods."""

    def __init__(self, api: Api, lookup: ObjectLookup) -> None:
        self._api = api
        self._lookup = lookup

    async def answer(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        """Delete a pod, if its disruption budgets allow it now.

        Raises:
            TooManyRequests: A budget does not.
        """
        body, _ = await read_value(http, strict=False, empty={})
        if not isinstance(body, dict):
            raise InvalidInput("the body of the request is not an Eviction")
        options = DeleteOptions.parse(body.get("deleteOptions") or {})

        async def evicted() -> None:
            pod = self._lookup.get("", "pods", request.namespace, request.name)
            if pod is None:
                raise request.not_found()
            self._ask_budgets(request.namespace, pod)
            await self._api.deleted(request, options)

        await self._api.audited(request, "create", evicted)
        success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return json_answer(success, 201)

    def _ask_budgets(self, namespace: str, pod: Manifest) -> None:
        labels = pod["metadata"].get("labels")
        for budget in self._lookup.list("policy", "poddisruptionbudgets", namespace):
            if not selects(budget["spec"].get("selector"), labels):
                continue
            if (budget.get("status") or {}).get("disruptionsAllowed", 0) < 1:
                name = budget["metadata"]["name"]
                raise TooManyRequests(
                    "Cannot evict pod as it would violate the pod's disruption budget.",
                    causes=[
                        Cause(
                            "", f"The disruption budget {name} allows no more", "DisruptionBudget"
                        )
                    ],
                )
