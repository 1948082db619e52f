"""Builds the capability `promotion`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from idp.capabilities.promotion.clients.access_review import AccessReviewer
from idp.capabilities.promotion.clients.argo_cd import ArgoCd
from idp.capabilities.promotion.clients.gateway import Gateway
from idp.capabilities.promotion.controllers.account import PipelineAccount
from idp.capabilities.promotion.controllers.drift import DriftWatch
from idp.capabilities.promotion.controllers.ending import PromotionEnding
from idp.capabilities.promotion.controllers.promotions import PromotionReconciler
from idp.capabilities.promotion.controllers.pull_requests import PullRequestFollower
from idp.capabilities.promotion.controllers.releases import ReleaseImporter
from idp.capabilities.promotion.controllers.reviews import ReviewFollower
from idp.capabilities.promotion.controllers.rollback_watch import RollbackWatch
from idp.capabilities.promotion.controllers.sets import SetReconciler
from idp.capabilities.promotion.controllers.starter import PromotionStarter
from idp.capabilities.promotion.controllers.trigger_events import TriggerEventFollower
from idp.capabilities.promotion.controllers.triggers import TriggerWatcher
from idp.capabilities.promotion.counting import ApprovalCounter
from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.gatekeeper import Gatekeeper
from idp.capabilities.promotion.gates.cel import CelGate
from idp.capabilities.promotion.gates.change_record import ChangeRecordGate
from idp.capabilities.promotion.gates.freeze import FreezeGate
from idp.capabilities.promotion.gates.http import HttpGate
from idp.capabilities.promotion.gates.performance import PerformanceGate
from idp.capabilities.promotion.gates.rego import RegoGate
from idp.capabilities.promotion.gates.set import SetGate
from idp.capabilities.promotion.gates.soak import SoakGate
from idp.capabilities.promotion.gates.window import WindowGate
from idp.capabilities.promotion.gates.workflow import WorkflowGate
from idp.capabilities.promotion.holds import Holds
from idp.capabilities.promotion.kinds import (
    Approval,
    DriftReport,
    Freeze,
    PipelineStep,
    Promotion,
    PromotionAbort,
    PromotionSet,
    PromotionTrigger,
    PullRequest,
    Release,
    Review,
    TriggerEvent,
)
from idp.capabilities.promotion.ledger import Ledger
from idp.capabilities.promotion.ports import Repositories
from idp.capabilities.promotion.pull_requests import PullRequests
from idp.capabilities.promotion.render.admission import admission_policies
from idp.capabilities.promotion.render.argo_application import environment_repository
from idp.capabilities.promotion.render.roles import cluster_roles
from idp.capabilities.promotion.render.templates import cluster_workflow_templates
from idp.capabilities.promotion.reviews import Reviews
from idp.capabilities.promotion.steps.admit import AdmitStep
from idp.capabilities.promotion.steps.approval import ApprovalStep
from idp.capabilities.promotion.steps.attest import AttestStep
from idp.capabilities.promotion.steps.commit import CommitStep
from idp.capabilities.promotion.steps.confirm import ConfirmStep
from idp.capabilities.promotion.steps.gates import GatesStep
from idp.capabilities.promotion.steps.performance import PerformanceStep
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.capabilities.promotion.steps.release import ReleaseStep
from idp.capabilities.promotion.steps.revert import RevertStep
from idp.capabilities.promotion.steps.sync import SyncStep
from idp.capabilities.promotion.steps.verdict import VerdictStep
from idp.capabilities.promotion.steps.verify import VerifyStep
from idp.capabilities.promotion.turn import Turns
from idp.capabilities.signing.kinds import InstanceTrust
from idp.kernel.capability import Capability, Context
from idp.kernel.controller import Runnable
from idp.kernel.resource import Manifest
from idp.kernel.step import Step
from idp.protocols.git.client import GitRepository
from idp.protocols.git.ports import Repository
from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.ports import Registry

ORIGIN = "development"
"""The environment that builds and cuts releases; `options["origin"]` may name another."""


def manifests(environment: str) -> Sequence[Manifest]:
    """Pipelines, roles and admission policies: the same in every environment."""
    return [*cluster_workflow_templates(), *cluster_roles(), *admission_policies()]


def controllers(context: Context) -> Sequence[Runnable]:
    """What runs inside an instance; `options["changes"]` hints at changes of the registry."""
    return build_controllers(context, HttpRegistry(context.registry), repositories(context))


def build_controllers(
    context: Context, registry: Registry, sources: Repositories
) -> Sequence[Runnable]:
    """What runs inside an instance, over the given registry and repositories."""
    client, environment = context.client, context.environment
    holds, ledger = Holds(client, environment=environment), Ledger(context.database)
    reader = PipelineReader(client)
    repository, argo_cd = _environment_repository(context, sources), _argo_cd(context)
    ending = PromotionEnding(
        client, repository, ledger, Turns(client), argo_cd, holds, environment=environment
    )
    importer = ReleaseImporter(
        client,
        registry,
        instance_trust(context),
        origin=_origin(context),
        changes=context.options.get("changes"),
    )
    promotions = PromotionReconciler(client, reader, ending, environment=environment)
    watch = RollbackWatch(client, reader, repository, _gateway(context), holds)
    drift = DriftWatch(client, reader, repository, ledger, argo_cd, environment=environment)
    return [
        importer,
        drift.controller(),
        watch.controller(),
        SetReconciler(client).controller(),
        PipelineAccount(client).controller(),
        PromotionStarter(client).controller(),
        ReviewFollower(client).controller(),
        PullRequestFollower(client).controller(),
        TriggerWatcher(client).controller(),
        TriggerEventFollower(client, AccessReviewer(client)).controller(),
        promotions.controller(),
    ]


def steps(context: Context) -> Sequence[Step]:
    """All steps of this area, over the registry and Git of the instance."""
    return build_steps(context, HttpRegistry(context.registry), repositories(context))


def build_steps(context: Context, registry: Registry, sources: Repositories) -> Sequence[Step]:
    """All steps of this area, over the given registry and repositories."""
    client, environment = context.client, context.environment
    reader, turns = PipelineReader(client), Turns(client)
    counter = ApprovalCounter(client, AccessReviewer(client), environment=environment)
    keeper = gatekeeper(context)
    repository, argo_cd = _environment_repository(context, sources), _argo_cd(context)
    return [
        ReleaseStep(reader, registry, sources, context.signer),
        AdmitStep(
            client,
            reader,
            registry,
            instance_trust(context),
            environment=environment,
            origin=_origin(context),
        ),
        VerdictStep(reader),
        ApprovalStep(reader, counter, environment=environment),
        GatesStep(reader, counter, keeper, Reviews(client), environment=environment),
        CommitStep(
            reader,
            repository,
            turns,
            argo_cd,
            keeper,
            PullRequests(client, repository, environment=environment),
            environment=environment,
        ),
        RevertStep(reader, repository, turns, argo_cd, environment=environment),
        SyncStep(client, reader, repository),
        ConfirmStep(client, reader),
        VerifyStep(client, reader, environment=environment, gateway_port=context.gateway_port),
        PerformanceStep(reader, _gateway(context)),
        AttestStep(reader, registry, context.signer, turns, environment=environment),
    ]


def gatekeeper(context: Context) -> Gatekeeper:
    """All gates."""
    client = context.client
    return Gatekeeper(
        [
            FreezeGate(client),
            SetGate(client),
            SoakGate(),
            WindowGate(),
            PerformanceGate(_gateway(context)),
            ChangeRecordGate(client),
            RegoGate(),
            CelGate(),
            HttpGate(client),
            WorkflowGate(client),
        ]
    )


def repositories(context: Context) -> Repositories:
    """Git repositories by name, with the instance's identity and one cache."""
    git, cache = context.git, context.data / "promotion" / "git"

    def open_repository(name: str) -> Repository:
        url = f"{git.url}/git/{name}.git"
        return GitRepository(url, git.username, git.password, cache=cache)

    return open_repository


def _environment_repository(context: Context, sources: Repositories) -> EnvironmentRepository:
    return EnvironmentRepository(sources(environment_repository(context.environment)))


def _argo_cd(context: Context) -> ArgoCd:
    return ArgoCd(context.client, environment=context.environment, git_url=context.git.url)


def _gateway(context: Context) -> Gateway:
    return Gateway(context.client, environment=context.environment, port=context.gateway_port)


def instance_trust(context: Context) -> InstanceTrust:
    """What the instance trusts; `options["authorities"]` are the platform's own."""
    authorities = context.options.get("authorities", {})
    return InstanceTrust(context.client, context.trusted_keys, authorities)


def _origin(context: Context) -> str:
    return str(context.options.get("origin", ORIGIN))


CAPABILITY = Capability(
    name="promotion",
    kinds=(
        Release,
        Promotion,
        PromotionAbort,
        PromotionSet,
        PipelineStep,
        Approval,
        Freeze,
        Review,
        PromotionTrigger,
        TriggerEvent,
        PullRequest,
        DriftReport,
    ),
    controllers=controllers,
    steps=steps,
    migrations=(Path(__file__).parent / "migrations",),
    manifests=manifests,
)
