"""Builds the capability `environments`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from idp.capabilities.environments.kinds import IDPInstance, PromotionPipeline
from idp.capabilities.environments.reconcile import (
    InstanceFacts,
    InstanceReconciler,
    PipelineReconciler,
)
from idp.capabilities.environments.render import instance
from idp.kernel.capability import Capability, Context
from idp.kernel.controller import Runnable


def controllers(context: Context) -> Sequence[Runnable]:
    """What runs inside an instance; `options["components"]` tells how its parts do."""
    facts = InstanceFacts(
        environment=context.environment,
        version=version("idp"),
        gateway=f"http://127.0.0.1:{context.gateway_port}",
        public_key=context.signer.public_key,
        components=context.options.get("components"),
    )
    return [
        InstanceReconciler(context.client, facts).controller(),
        PipelineReconciler(context.client).controller(),
    ]


CAPABILITY = Capability(
    name="environments",
    kinds=(IDPInstance, PromotionPipeline),
    controllers=controllers,
    manifests=lambda environment: [instance(environment)],
)
