"""`verify`: the release answers through the gateway, several times in a row."""

from __future__ import annotations

import httpx
from pydantic import Field

from idp.capabilities.promotion.clients.gateway import ANSWER_SECONDS, Gateway
from idp.capabilities.promotion.kinds import Name, ObjectName
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.kernel.client import Client
from idp.kernel.errors import NotFound
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, succeeded, waiting

LOOK_AGAIN = 0.5


class VerifyParameters(Model):
    """What must answer.

    Attributes:
        application: Name of the WebApplication.
        confirm: Name of the `confirm` step's object.
        path: What is asked; unset means what the PromotionPipeline says.
        requests: How many answers in a row must be 2xx or 3xx; unset means as it says.
    """

    application: Name
    confirm: ObjectName
    path: str | None = Field(default=None, pattern=r"^/")
    requests: int | None = Field(default=None, ge=1, le=1000)


class VerifyStep:
    """Asks as a user would: the gateway's port, the application's host name."""

    uses = "verify"
    parameters = VerifyParameters

    def __init__(
        self, client: Client, reader: PipelineReader, *, environment: str, gateway_port: int
    ) -> None:
        self._gateway = Gateway(client, environment=environment, port=gateway_port)
        self._reader = reader
        self._environment = environment
        self._gateway_port = gateway_port

    async def perform(self, run: StepRun, parameters: VerifyParameters) -> Outcome:
        """Ask until one answer is wrong, or enough are right. Every call counts from zero."""
        await self._reader.outputs(run, parameters.confirm, "confirm")
        rule = (await self._reader.rules()).pipeline.verification
        path = parameters.path or rule.path
        requests = parameters.requests or rule.requests
        host = await self._gateway.host(run.namespace, parameters.application)
        if host is None:
            raise NotFound(f"there is no WebApplication {parameters.application}")
        url = f"http://127.0.0.1:{self._gateway_port}{path}"
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as http:
            for number in range(1, requests + 1):
                if problem := await _problem(http, url, host):
                    return waiting(
                        f"{requests} good answers in a row of http://{host}{path}: {problem}",
                        reason="WaitingForAnswer",
                        remedy=Place(
                            parameters.application, run.namespace, self._environment
                        ).logs(),
                        after=LOOK_AGAIN,
                    )
                if number % 100 == 0:
                    await run.report(f"{number} of {requests} answers were good")
        return succeeded(
            f"http://{host}{path} answered {requests} times", url=f"http://{host}{path}"
        )


async def _problem(http: httpx.AsyncClient, url: str, host: str) -> str:
    """What is wrong with one answer; empty when nothing is. The body is not read."""
    try:
        async with http.stream("GET", url, headers={"Host": host}) as response:
            status = response.status_code
    except httpx.HTTPError as error:
        return f"{type(error).__name__} {error}".strip()
    return "" if 200 <= status < 400 else f"it answered {status}"
