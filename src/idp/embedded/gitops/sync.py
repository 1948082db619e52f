"""One attempt to make an application what Git says.

Waves in order, within a wave by kind (`kernel.manifest.in_order`). A later wave begins only when
the objects of the earlier ones are healthy; until then the attempt ends as `Running` and is made
again on the next change. What is the same already is not written again, so an attempt that was cut
off simply goes on. Pruning comes last, in the opposite order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import structlog

from idp.embedded.gitops.application import Application
from idp.embedded.gitops.compare import Compared
from idp.embedded.gitops.health import Health, health_of
from idp.embedded.gitops.live import FIELD_MANAGER
from idp.embedded.gitops.objects import wave
from idp.embedded.gitops.operation import Operation, Phase
from idp.kernel.client import Client, Propagation, get_or_none
from idp.kernel.errors import AlreadyExists, IdpError, NotFound
from idp.kernel.manifest import in_order
from idp.kernel.resource import Manifest
from idp.kernel.standard import NAMESPACE

log = structlog.get_logger(__name__)


@dataclass
class Outcome:
    """How an attempt ended.

    Attributes:
        phase: `Running` when it waits for objects to become healthy.
        message: For people.
        results: One entry of `syncResult.resources` for each object.
    """

    phase: Phase = "Succeeded"
    message: str = ""
    results: list[Manifest] = field(default_factory=list)

    def add(self, compared: Compared, status: str, message: str) -> None:
        """Note what happened to an object."""
        version = compared.type.version if compared.type else ""
        self.results.append(
            {
                "group": compared.key.group,
                "version": version,
                "kind": compared.key.kind,
                "namespace": compared.key.namespace,
                "name": compared.key.name,
                "status": status,
                "message": message,
                "syncPhase": "Sync",
            }
        )


async def attempt(
    client: Client, application: Application, operation: Operation, compared: Sequence[Compared]
) -> Outcome:
    """Apply and prune, as far as that goes now."""
    outcome = Outcome()
    if refused := list(operation.unsupported()):
        return Outcome("Error", "; ".join(refused))
    chosen = [c for c in compared if operation.concerns(c.key)]
    if "CreateNamespace=true" in application.options and not operation.dry_run:
        await _create_namespace(client, application.destination)
    if await _apply_waves(client, operation, _in_waves(chosen), outcome):
        await _prune(client, application, operation, chosen, outcome)
    if outcome.phase == "Succeeded":
        tried = "would be applied (dry run)" if operation.dry_run else "successfully synced"
        outcome.message = f"{tried} (all objects)" if not operation.partial else tried
    return outcome


def _in_waves(compared: Sequence[Compared]) -> list[Compared]:
    by_manifest = {id(c.target.manifest): c for c in compared if c.target}
    ordered = in_order(c.target.manifest for c in compared if c.target)
    return sorted((by_manifest[id(m)] for m in ordered), key=lambda c: wave(_manifest(c)))


def _manifest(compared: Compared) -> Manifest:
    found = compared.target.manifest if compared.target else compared.live
    assert found is not None
    return found


async def _create_namespace(client: Client, name: str) -> None:
    if await get_or_none(client, NAMESPACE, name) is None:
        try:
            await client.create(NAMESPACE, {"metadata": {"name": name}})
        except AlreadyExists:
            return


async def _apply_waves(
    client: Client, operation: Operation, ordered: Sequence[Compared], outcome: Outcome
) -> bool:
    """Whether all waves are through."""
    waves = [list(group) for _, group in groupby(ordered, key=lambda c: wave(_manifest(c)))]
    for number, members in enumerate(waves):
        unhealthy: list[str] = []
        failed: list[str] = []
        for compared in members:
            try:
                health = await _apply(client, operation, compared, outcome)
            except IdpError as error:
                if error.retryable:
                    raise
                outcome.add(compared, "SyncFailed", error.message)
                failed.append(f"{compared.key}: {error.message}")
            else:
                if health and health.status != "Healthy":
                    unhealthy.append(f"{compared.key} ({health.status}: {health.message})")
        if failed:
            outcome.phase, outcome.message = "Failed", "; ".join(failed)
            return False
        later = any(not c.synced for members in waves[number + 1 :] for c in members)
        if unhealthy and later and not operation.dry_run:
            outcome.phase = "Running"
            outcome.message = f"waiting for healthy state of {', '.join(unhealthy)}"
            return False
    return True


async def _apply(
    client: Client, operation: Operation, compared: Compared, outcome: Outcome
) -> Health | None:
    if compared.synced:
        outcome.add(compared, "Synced", f"{compared.key} unchanged")
        return compared.health
    if compared.type is None or compared.target is None:
        raise NotFound(compared.message)
    if compared.live is not None and compared.message:
        raise IdpError(compared.message)
    applied = await client.apply(
        compared.type,
        compared.target.manifest,
        field_manager=FIELD_MANAGER,
        dry_run=operation.dry_run,
    )
    verb = "configured" if compared.live else "created"
    outcome.add(compared, "Synced", f"{compared.key} {verb}")
    return health_of(applied)


async def _prune(
    client: Client,
    application: Application,
    operation: Operation,
    compared: Sequence[Compared],
    outcome: Outcome,
) -> None:
    extraneous = {id(c.live): c for c in compared if c.extraneous and not c.synced and c.live}
    ordered = sorted(in_order(c.live for c in extraneous.values() if c.live), key=wave)
    for manifest in reversed(ordered):
        found = extraneous[id(manifest)]
        if not operation.prune or not found.prune:
            outcome.add(found, "PruneSkipped", "ignored (requires pruning)")
        elif operation.dry_run:
            outcome.add(found, "Pruned", "pruned (dry run)")
        else:
            await _delete(client, application, found)
            outcome.add(found, "Pruned", "pruned")


async def _delete(client: Client, application: Application, found: Compared) -> None:
    assert found.type is not None
    assert found.live is not None
    log.info("pruning", application=application.name, object=str(found.key))
    try:
        await client.delete(
            found.type,
            found.key.name,
            found.key.namespace or None,
            propagation=_propagation(application),
            uid=found.live["metadata"].get("uid"),
        )
    except NotFound:
        return


def _propagation(application: Application) -> Propagation:
    if "PrunePropagationPolicy=orphan" in application.options:
        return "Orphan"
    if "PrunePropagationPolicy=background" in application.options:
        return "Background"
    return "Foreground"
