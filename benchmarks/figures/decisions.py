"""From the decision to the commit, in this process over memory.

What is measured are the steps `gates` and `commit`, as the step controller calls them: rules,
approvals, gates, the application's turn, the commit, Argo CD's Application. Neither the workflow
engine nor HTTP nor a disk is in it; `promotion` has all of these.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

from benchmarks.figure import Figure
from benchmarks.stage import Stage
from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.clients.argo_cd import ArgoCd
from idp.capabilities.promotion.clients.memory import MemoryReviewer
from idp.capabilities.promotion.counting import ApprovalCounter
from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.gatekeeper import Gatekeeper
from idp.capabilities.promotion.gates.freeze import FreezeGate
from idp.capabilities.promotion.gates.soak import SoakGate
from idp.capabilities.promotion.gates.window import WindowGate
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, Release
from idp.capabilities.promotion.pull_requests import PullRequests
from idp.capabilities.promotion.reviews import Reviews
from idp.capabilities.promotion.steps.commit import CommitStep
from idp.capabilities.promotion.steps.gates import GatesStep
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.capabilities.promotion.turn import Turns
from idp.capabilities.scanning.kinds import SecurityProfile
from idp.kernel.clock import timestamp, utc_now
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest
from idp.kernel.standard import NAMESPACE
from idp.kernel.step import Outcome, Step, StepRun
from idp.protocols.git.memory import MemoryRepository

PROMOTIONS, CONCURRENT = 1000, 100
APPLICATIONS = 50
"""Of one instance: the repository in memory looks through all that it holds, unlike Git."""
ENVIRONMENTS = {"development": "", "staging": "development", "uat": "staging", "production": "uat"}
SHARES = (0.5, 0.95, 0.99)
DEMO = "demo"
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_WINDOW = {"zone": "UTC", "open": [{"days": _DAYS, "start": "00:00", "end": "00:00"}]}


class Instance:
    """One environment: its rules, and the steps of its promotions."""

    def __init__(self, environment: str) -> None:
        self.environment, self.git = environment, MemoryRepository()
        self.client = MemoryClient()
        self._reader = PipelineReader(self.client)
        self._policy = ""
        counter = ApprovalCounter(self.client, MemoryReviewer(), environment=environment)
        keeper = Gatekeeper([FreezeGate(self.client), SoakGate(), WindowGate()])
        reviews, turns = Reviews(self.client), Turns(self.client)
        self._gates = GatesStep(self._reader, counter, keeper, reviews, environment=environment)
        repository = EnvironmentRepository(self.git)
        self._commit = CommitStep(
            self._reader,
            repository,
            turns,
            ArgoCd(self.client, environment=environment, git_url="http://127.0.0.1:1"),
            keeper,
            PullRequests(self.client, repository, environment=environment),
            environment=environment,
        )

    async def set_up(self) -> None:
        """State its rules."""
        gates: list[Any] = [{"name": "hours", "window": _WINDOW}]
        previous = ENVIRONMENTS[self.environment]
        if previous:
            gates.append({"name": "soak", "soak": {"minutes": 60}})
        rules = {"gates": gates, **({"previous": previous} if previous else {})}
        await self.client.create(NAMESPACE, {"metadata": {"name": DEMO}})
        for kind, spec in ((PromotionPipeline.type(), rules), (SecurityProfile.type(), {})):
            await self.client.create(kind, {"metadata": {"name": "default"}, "spec": spec})
        self._policy = (await self._reader.rules()).policy_version

    async def judged(self, number: int) -> str:
        """A promotion of an application of its own, admitted and judged; gives its name."""
        name, digest = f"app-{number}", f"sha256:{number:064x}"
        commit = f"{number:040x}"
        source = {"repository": f"{DEMO}/{name}", "commit": commit, "count": number}
        spec = {
            "application": name,
            "version": f"r{number}-{commit[:7]}",
            "digest": digest,
            "repository": f"{DEMO}/{name}",
            "image": f"127.0.0.1:1/{DEMO}/{name}@{digest}",
            "source": {**source, "author": "ada", "time": "2026-11-24T00:00:00Z"},
            "applicationSpec": {"port": 8080},
        }
        meta = {"name": name, "namespace": DEMO}
        await self.client.create(Release.type(), {"metadata": meta, "spec": spec})
        promotion = {"application": name, "release": name, "initiator": "bob"}
        await self.client.create(Promotion.type(), {"metadata": meta, "spec": promotion})
        facts = {"releaseDigest": digest, "policyVersion": self._policy}
        verified = timestamp(utc_now() - timedelta(hours=2))
        await self._succeeded(name, "admit", {**facts, "verifiedAt": verified})
        await self._succeeded(name, "verdict", {**facts, "mustAccept": []})
        await self._succeeded(name, "approval", {**facts, "approvers": []})
        return name

    async def committed(self, name: str) -> float:
        """Ask the gates and commit; gives how many seconds that took.

        Raises:
            RuntimeError: A step did not succeed, with what it says.
        """
        started = time.monotonic()
        before = {uses: f"{name}-{uses}" for uses in ("admit", "verdict", "approval")}
        opened = await self._perform(self._gates, name, {"release": name, **before})
        await self._succeeded(name, "gates", opened.outputs)
        known = {"approval": f"{name}-approval", "gates": f"{name}-gates"}
        await self._perform(self._commit, name, {"release": name, **known})
        return time.monotonic() - started

    async def _succeeded(self, promotion: str, uses: str, outputs: dict[str, Any]) -> None:
        body = {
            "metadata": {"name": f"{promotion}-{uses}", "namespace": DEMO},
            "spec": {"uses": uses, "promotion": promotion},
            "status": {"phase": "Succeeded", "outputs": outputs},
        }
        await self.client.create(PipelineStep.type(), body)

    async def _perform(self, step: Step, promotion: str, parameters: dict[str, str]) -> Outcome:
        name = f"{promotion}-{step.uses}"
        manifest: Manifest = {
            "metadata": {"name": name, "namespace": DEMO, "uid": name},
            "spec": {"uses": step.uses, "promotion": promotion, "with": parameters},
        }
        run = StepRun(manifest, DEMO, name, name, _unheard)
        outcome = await step.perform(run, step.parameters.model_validate(parameters))
        if outcome.phase != "Succeeded":
            raise RuntimeError(f"{name}: {outcome.message}")
        return outcome


async def _unheard(_message: str) -> None:
    """Nobody watches."""


async def measure(stage: Stage) -> list[Figure]:
    """One after the other, then many at once."""
    return [*await one_by_one(PROMOTIONS), await at_once(CONCURRENT)]


async def one_by_one(promotions: int) -> list[Figure]:
    """Percentiles of single promotions."""
    durations = []
    for first in range(0, promotions, APPLICATIONS):
        instance = Instance("production")
        await instance.set_up()
        for number in range(min(APPLICATIONS, promotions - first)):
            name = await instance.judged(number + 1)
            durations.append(1000 * await instance.committed(name))
    durations.sort()
    return [
        Figure(
            f"Decision to commit, p{share * 100:.0f} of {promotions:,}",
            durations[int(share * (promotions - 1))],
            "ms",
            note="in process, over memory; freeze, window and soak asked twice",
        )
        for share in SHARES
    ]


async def at_once(promotions: int) -> Figure:
    """Until the last of many has its commit; one that fails ends the measurement."""
    instances = [Instance(environment) for environment in ENVIRONMENTS]
    waiting = []
    for instance in instances:
        await instance.set_up()
    for number in range(1, promotions + 1):
        instance = instances[number % len(instances)]
        waiting.append(instance.committed(await instance.judged(number)))
    started = time.monotonic()
    await asyncio.gather(*waiting)
    taken = time.monotonic() - started
    commits = [
        len(await instance.git.history("main", "", limit=promotions)) for instance in instances
    ]
    if sum(commits) != promotions:
        raise RuntimeError(f"{promotions} promotions made {sum(commits)} commits")
    return Figure(
        f"{promotions} promotions at once, four environments",
        taken,
        "s",
        note="from gates to commit; in process, over memory; none failed, one commit each",
    )
