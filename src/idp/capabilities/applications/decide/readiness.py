"""Whether what runs is what is wanted, and if not, why. Pure.

The message names the cause that a person can act upon, taken from as deep as it is known: the
failing pod's last log line before the Deployment's "2 of 3 available".
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.applications.decide.pods import failure, is_ready
from idp.capabilities.applications.kinds import WebApplication
from idp.kernel import conditions
from idp.kernel.resource import Condition, Manifest


def ready(
    application: WebApplication,
    environment: str,
    *,
    conditions_before: Sequence[Condition],
    hosts: Sequence[str],
    deployment: Manifest | None,
    pods: Sequence[Manifest],
) -> Condition:
    """The condition `Ready`.

    Args:
        application: What is wanted.
        environment: Name of the instance's environment.
        conditions_before: The conditions of the plan; a false gate is the cause.
        hosts: Host names that it has.
        deployment: As it is after the objects were applied.
        pods: The application's pods.
    """
    for condition in conditions_before:
        gate = condition.type in ("Accepted", "ConfigurationReady", "Admitted")
        if gate and condition.status != "True":
            return _not_ready(condition.reason, condition.message, condition.remedy)
    if application.spec.image is None:
        return _nothing_to_run(application, environment)
    if not hosts:
        for condition in conditions_before:
            if condition.type == "HostsAvailable":
                return _not_ready(condition.reason, condition.message, condition.remedy)
    if deployment is None:
        return _not_ready("Progressing", "The Deployment is being created.", "")
    return _rolled_out(application, deployment, pods)


def _nothing_to_run(application: WebApplication, environment: str) -> Condition:
    source = application.spec.source
    if source is None:
        return _not_ready(
            "NothingToRun",
            "Neither spec.image nor spec.source is set.",
            "Add spec.image (repository@sha256:...) to run an image, or spec.source.repository "
            "to have the platform build one.",
        )
    if environment == "development":
        return _not_ready(
            "WaitingForBuild",
            f"No build of {source.repository} at {source.revision} yet.",
            f"git push the code to {source.repository}, branch {source.revision}.",
        )
    return _not_ready(
        "WaitingForPromotion",
        f"No release of {source.repository} has been promoted to {environment} yet.",
        f"idp-cli promote {application.name} --to {environment}",
    )


def _rolled_out(
    application: WebApplication, deployment: Manifest, pods: Sequence[Manifest]
) -> Condition:
    wanted = deployment["spec"].get("replicas", 1)
    if wanted == 0:
        return _not_ready("Stopped", "spec.replicas is 0.", "Set spec.replicas to 1 or more.")
    status = deployment.get("status") or {}
    counts = [status.get(f, 0) for f in ("replicas", "updatedReplicas", "availableReplicas")]
    observed = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    if observed and all(count == wanted for count in counts):
        return conditions.true("Ready", "Available", _replicas(wanted, "ready"))
    waiting = [pod for pod in _newest_first(pods) if not is_ready(pod)]
    for pod in waiting:
        if (cause := failure(pod)) is not None:
            return _not_ready(cause.reason, cause.message, cause.remedy)
    progressing = conditions.condition_of(deployment, "Progressing") or {}
    for condition in (progressing, conditions.condition_of(deployment, "ReplicaFailure") or {}):
        failed = "True" if condition.get("type") == "ReplicaFailure" else "False"
        if observed and condition.get("status") == failed:
            return _not_ready(
                condition.get("reason") or "Failed",
                condition.get("message") or "The Deployment does not progress.",
                f"idp-cli logs {application.name}",
            )
    return _not_ready("Progressing", f"{counts[2]} of {_replicas(wanted, 'available')}", "")


def _newest_first(pods: Sequence[Manifest]) -> list[Manifest]:
    """Terminating pods explain nothing, and a rollout's cause is in its newest pods."""
    alive = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    return sorted(
        alive,
        key=lambda pod: (pod["metadata"].get("creationTimestamp") or "", pod["metadata"]["name"]),
        reverse=True,
    )


def _replicas(count: int, state: str) -> str:
    return f"{count} replica{'' if count == 1 else 's'} {state}."


def _not_ready(reason: str, message: str, remedy: str) -> Condition:
    return conditions.false("Ready", reason, message, remedy=remedy)
