"""Carries promotions out: makes the workflow, mirrors its steps, ends it, records it.

What happens to one promotion, in order; every line may be the last before a crash:

1. It gets the finalizer, so that it cannot go without being recorded.
2. Its facts (release, policy) are stated and its workflow is created, under its own name.
3. While the workflow runs, the status mirrors it. A promotion that takes longer than its longest
   possible course fails and names what it waited for; so does one whose workflow was deleted.
4. When it has failed after it made a commit, that commit is undone: a failed promotion leaves the
   environment as it found it, and Git says so.
5. It is recorded in the ledger, then its status says that it ended, then it gives its turn back.
6. When it is deleted, it is recorded, its turn goes back and the finalizer is removed.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from idp.capabilities.promotion.controllers.aborting import Aborting, promotion_of, words
from idp.capabilities.promotion.controllers.ending import PromotionEnding
from idp.capabilities.promotion.decide.promotion_status import ENDED, promotion_status
from idp.capabilities.promotion.decide.rules import Rules
from idp.capabilities.promotion.kinds import (
    PLATFORM_INITIATOR,
    PipelineStep,
    Promotion,
    PromotionAbort,
    PromotionStatus,
    Release,
)
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL, UID_LABEL
from idp.capabilities.promotion.render.workflows import longest_seconds, promotion_workflow
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch, owner_of
from idp.kernel.errors import AlreadyExists, IdpError, InvalidInput, NotFound, Unavailable
from idp.kernel.resource import Manifest
from idp.kernel.standard import WORKFLOW

log = structlog.get_logger(__name__)

FINALIZER = "platform.idp/ledger"
_RESYNC = 60.0
LOOK_AGAIN = 0.5
"""Seconds between two looks at whether what ran before serves again."""


class PromotionReconciler:
    """Reconciles one promotion."""

    def __init__(
        self,
        client: Client,
        reader: PipelineReader,
        ending: PromotionEnding,
        *,
        environment: str,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._reader = reader
        self._ending = ending
        self._environment = environment
        self._clock = clock
        self._aborting = Aborting(client, clock)

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [
            Watch(Promotion.type()),
            Watch(PromotionAbort.type(), promotion_of),
            Watch(WORKFLOW, owner_of("Promotion")),
            Watch(PipelineStep.type(), _promotion_of, label_selector=UID_LABEL),
        ]
        return Controller("promotions", self._client, self, watches)

    async def __call__(self, request: Request) -> Result:
        """Bring one promotion further."""
        manifest = await get_or_none(
            self._client, Promotion.type(), request.name, request.namespace
        )
        if manifest is None:
            return Result()
        if "deletionTimestamp" in manifest["metadata"]:
            await self._let_go(manifest)
            return Result()
        promotion = Promotion.parse(manifest)
        if FINALIZER not in promotion.metadata.finalizers:
            manifest = await self._hold(manifest)
            promotion = Promotion.parse(manifest)
        status = promotion.status or PromotionStatus()
        if status.phase in ENDED:
            await self._ending.finish(promotion, status, await self._steps(promotion))
            return Result()
        return await self._advance(manifest, promotion, status)

    async def _hold(self, manifest: Manifest) -> Manifest:
        meta = manifest["metadata"]
        finalizers = [*meta.get("finalizers", []), FINALIZER]
        # Whoever created it: all promotions of an application are found by its label.
        labels = {**(meta.get("labels") or {}), APPLICATION_LABEL: manifest["spec"]["application"]}
        held = {**meta, "finalizers": finalizers, "labels": labels}
        return await self._client.update(Promotion.type(), {**manifest, "metadata": held})

    async def _let_go(self, manifest: Manifest) -> None:
        meta = manifest["metadata"]
        if FINALIZER not in meta.get("finalizers", []):
            return
        promotion = Promotion.parse(manifest)
        status, steps = promotion.status or PromotionStatus(), await self._steps(promotion)
        if status.phase not in ENDED:
            status = status.model_copy(
                update={"phase": "Failed", "message": f"deleted while it was {status.phase}"}
            )
            status, _ = await self._ending.undo(promotion, status)
        await self._ending.finish(promotion, status, steps)
        finalizers = [name for name in meta["finalizers"] if name != FINALIZER]
        try:
            await self._client.update(
                Promotion.type(), {**manifest, "metadata": {**meta, "finalizers": finalizers}}
            )
        except NotFound:
            return

    async def _advance(
        self, manifest: Manifest, promotion: Promotion, status: PromotionStatus
    ) -> Result:
        if (order := await self._aborting.order(manifest)) is not None:
            stopped = await self._aborting.carry_out(manifest, order)
            if stopped is not None:
                ended = await self._stop(stopped, order)
                return Result(requeue_after=None if ended else LOOK_AGAIN)
        rules = await self._reader.rules()
        try:
            status = await self._facts(promotion, status, rules)
            workflow = await self._workflow(promotion, status, rules)
        except IdpError as error:
            if error.retryable:
                raise
            status = _failed(status, error.message, error.remedy or "")
            workflow = None
        steps = await self._steps(promotion)
        if status.phase not in ENDED and workflow is not None:
            status = status.model_copy(update={"workflow": workflow["metadata"]["name"]})
            status = promotion_status(status, workflow, steps)
        remaining = self._remaining(promotion, rules)
        if status.phase not in ENDED and remaining <= 0:
            text = f"it took longer than {longest_seconds(rules.pipeline)} s; it waited for: "
            status = _failed(status, text + (status.message or "its workflow"), status.remedy)
        if status.phase in ENDED:
            patience = float(rules.pipeline.rollout_deadline_seconds)
            ended = await self._ending.end(promotion, manifest, status, steps, patience=patience)
            return Result(requeue_after=None if ended else LOOK_AGAIN)
        await self._ending.write(manifest, status)
        return Result(requeue_after=min(_RESYNC, remaining + 0.1))

    async def _stop(self, manifest: Manifest, order: PromotionAbort) -> bool:
        """End a promotion that was aborted, as every one that fails; whether it has ended."""
        promotion = Promotion.parse(manifest)
        steps = await self._steps(promotion)
        status = promotion_status(promotion.status or PromotionStatus(), None, steps)
        place = Place(promotion.spec.application, promotion.namespace, self._environment)
        status = _failed(status, words(order), f"To try again: {place.retry(promotion.name)}")
        return await self._ending.end(promotion, manifest, status, steps)

    async def _facts(
        self, promotion: Promotion, status: PromotionStatus, rules: Rules
    ) -> PromotionStatus:
        facts = {"policy_version": rules.policy_version}
        await self._check_retried(promotion)
        if promotion.spec.action == "promote":
            release = await self._release(promotion, begun=bool(status.workflow))
            facts |= {"release_digest": release.spec.digest, "image": release.spec.image}
        return status.model_copy(update=facts)

    async def _check_retried(self, promotion: Promotion) -> None:
        """What is tried again has ended, and was the same; one that is gone cannot be compared."""
        name = promotion.spec.retries
        found = await get_or_none(self._client, Promotion.type(), name, promotion.namespace)
        if not name or found is None:
            return
        former = Promotion.parse(found)
        if former.status is None or former.status.phase not in ENDED:
            raise InvalidInput(
                f"promotion {name} has not ended, so it cannot be tried again",
                remedy="Abort it first: "
                + Place(former.spec.application, former.namespace, self._environment).abort(name),
            )
        same = ("application", "action", "release")
        if any(getattr(former.spec, n) != getattr(promotion.spec, n) for n in same):
            raise InvalidInput(f"promotion {name} was of something else")

    async def _release(self, promotion: Promotion, *, begun: bool) -> Release:
        name, namespace = promotion.spec.release, promotion.namespace
        manifest = await get_or_none(self._client, Release.type(), name, namespace)
        if manifest is None:
            raise NotFound(
                f"there is no release {name or '(none named)'} in namespace {namespace}",
                remedy="See what there is: "
                + Place(promotion.spec.application, namespace, self._environment).releases(),
            )
        release = Release.parse(manifest)
        if release.spec.application != promotion.spec.application:
            raise NotFound(
                f"release {name} is of {release.spec.application}, "
                f"not of {promotion.spec.application}"
            )
        if promotion.spec.initiator != PLATFORM_INITIATOR and not begun:
            await self._ending.holds.lift(
                namespace, release.spec.application, name, promotion.spec.initiator
            )
        if release.status is None or release.status.promotion != promotion.name:
            patch = {"status": {"promotion": promotion.name}}
            await self._client.patch(Release.type(), name, patch, namespace, subresource="status")
        return release

    async def _workflow(
        self, promotion: Promotion, status: PromotionStatus, rules: Rules
    ) -> Manifest | None:
        """The promotion's workflow, created when it is not there; None while another's is."""
        found = await get_or_none(self._client, WORKFLOW, promotion.name, promotion.namespace)
        if found is None:
            if status.workflow:
                raise NotFound(
                    f"workflow {status.workflow} was deleted before it ended",
                    remedy="Start the promotion again.",
                )
            try:
                wanted = promotion_workflow(promotion, rules.pipeline)
                found = await self._client.create(WORKFLOW, wanted)
            except AlreadyExists:
                return None
        owners = found["metadata"].get("ownerReferences", [])
        if any(owner["uid"] == promotion.metadata.uid for owner in owners):
            return found
        if any(owner["kind"] == "Promotion" for owner in owners):
            raise Unavailable(f"the workflow of a former promotion {promotion.name} still goes")
        raise NotFound(
            f"a workflow {promotion.name} of something else is in the way",
            remedy="Delete that workflow, or start the promotion under another name.",
        )

    async def _steps(self, promotion: Promotion) -> list[PipelineStep]:
        listed = await self._client.list(
            PipelineStep.type(),
            promotion.namespace,
            label_selector=f"{UID_LABEL}={promotion.metadata.uid}",
        )
        return [PipelineStep.parse(manifest) for manifest in listed.items]

    def _remaining(self, promotion: Promotion, rules: Rules) -> float:
        created = promotion.metadata.creation_timestamp or self._clock()
        limit = created + timedelta(seconds=longest_seconds(rules.pipeline))
        return (limit - self._clock()).total_seconds()


def _failed(status: PromotionStatus, message: str, remedy: str) -> PromotionStatus:
    return status.model_copy(update={"phase": "Failed", "message": message, "remedy": remedy})


def _promotion_of(step: Manifest) -> list[Request]:
    name = step["spec"].get("promotion", "")
    return [Request(step["metadata"].get("namespace", ""), name)] if name else []
