"""The board: applications x environments, each cell with what runs, how it is, and what may come.

What may come next to an environment: the newest release that the environment before has verified,
that is newer than what runs, and that is not on its way already. Going back is possible when a
release ran here before the one that runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from idp.apps.hub.instances import Instances
from idp.apps.hub.overview import Health, health
from idp.apps.hub.views.gather import Listed, gather, listing
from idp.apps.hub.views.model import View
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.kinds import Promotion, Release
from idp.kernel.access import Principal
from idp.kernel.conditions import condition_of
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import ARGO_APPLICATION

KINDS: tuple[ResourceType, ...] = (
    WebApplication.type(),
    Release.type(),
    Promotion.type(),
    PromotionPipeline.type(),
    ARGO_APPLICATION,
)
_UNDER_WAY = ("Pending", "Running")


class PromotionBrief(View):
    """A promotion in a few words.

    Attributes:
        name: Of the Promotion.
        action: Forward, or back.
        phase: How far it is.
        release: Version that it brings; empty for a way back that has not found it yet.
        step: The step at work, or that failed.
        message: What it does, waits for, or why it failed.
        done: Steps that succeeded.
        steps: All steps.
        waits_for_approval: Whether people must decide.
        created_at: When it was started.
        finished_at: When it ended.
    """

    name: str
    action: Literal["promote", "rollback"] = "promote"
    phase: str = "Pending"
    release: str = ""
    step: str = ""
    message: str = ""
    done: int = 0
    steps: int = 0
    waits_for_approval: bool = False
    created_at: datetime | None = None
    finished_at: datetime | None = None


class Candidate(View):
    """A release that may come next.

    Attributes:
        release: Name of the Release object.
        version: Its version.
    """

    release: str
    version: str


class Cell(View):
    """One application in one environment.

    Attributes:
        environment: The instance.
        health: `Missing` when it is not deployed there, `Unknown` when the instance is silent.
        version: Version of the release that is deployed; empty when none is.
        release: Name of its Release object.
        digest: Digest of the image that the ready replicas run.
        url: Where it answers.
        ready: Replicas that can serve.
        message: What is wrong, or what is waited for.
        remedy: What to do.
        deployed_at: When the last promotion or rollback here ended well.
        drifted: Whether what runs differs from the environment's repository.
        under_way: The promotion that is under way.
        failed: The newest promotion, when it failed and nothing came after.
        candidate: What may come next.
        back_to: Version to which a rollback would go; empty when there is none.
        hotfix: What may come on the expedited way; None where there is none, or no such release.
        emergency: Whether the environment takes emergency overrides.
    """

    environment: str
    health: Health = "Missing"
    version: str = ""
    release: str = ""
    digest: str = ""
    url: str = ""
    ready: int = 0
    message: str = ""
    remedy: str = ""
    deployed_at: datetime | None = None
    drifted: bool = False
    under_way: PromotionBrief | None = None
    failed: PromotionBrief | None = None
    candidate: Candidate | None = None
    back_to: str = ""
    hotfix: Candidate | None = None
    emergency: bool = False

    @property
    def needs_attention(self) -> bool:
        """Whether a person should look."""
        waits = self.under_way is not None and self.under_way.waits_for_approval
        return self.health == "Degraded" or self.failed is not None or waits or self.drifted


class BoardRow(View):
    """One application; its cells are in the order of promotion."""

    namespace: str
    name: str
    cells: list[Cell] = Field(default_factory=list)


class InstanceState(View):
    """How an instance answered.

    Attributes:
        environment: The instance.
        error: Why it did not answer; empty when it did.
        remedy: What to do then.
        forbidden: Whether it answered that the caller may not look.
    """

    environment: str
    error: str = ""
    remedy: str = ""
    forbidden: bool = False


class Board(View):
    """A page of the board.

    Attributes:
        instances: How each instance answered, in the order of promotion.
        rows: By namespace and name.
        total: How many applications match.
        attention: How many of all applications need a person.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "instances": [
                        {"environment": "uat", "error": "", "remedy": "", "forbidden": False}
                    ],
                    "rows": [
                        {
                            "namespace": "demo",
                            "name": "hello",
                            "cells": [
                                {
                                    "environment": "uat",
                                    "health": "Healthy",
                                    "version": "r1-8116128",
                                    "url": "http://hello.uat.localhost:8623",
                                }
                            ],
                        }
                    ],
                    "total": 1,
                    "attention": 0,
                }
            ]
        }
    )

    instances: list[InstanceState]
    rows: list[BoardRow]
    total: int
    attention: int


async def gather_rows(
    instances: Instances, principal: Principal
) -> tuple[list[InstanceState], list[BoardRow]]:
    """Ask every instance; gives how each answered, and all applications."""
    answers = await gather(instances, principal, listing(*KINDS))
    states = [instance_state(environment, answer) for environment, answer in answers.items()]
    listed = {e: {} if isinstance(a, IdpError) else a for e, a in answers.items()}
    return states, board_rows(listed, {state.environment: state.error for state in states})


def instance_state(environment: str, answer: object) -> InstanceState:
    """How an instance answered."""
    if not isinstance(answer, IdpError):
        return InstanceState(environment=environment)
    return InstanceState(
        environment=environment,
        error=answer.message,
        remedy=answer.remedy or "",
        forbidden=answer.status == 403,
    )


def board_page(
    states: Sequence[InstanceState],
    rows: Sequence[BoardRow],
    *,
    search: str = "",
    attention: bool = False,
    offset: int = 0,
    limit: int = 200,
) -> Board:
    """The rows that match, of one page. Pure."""
    wanted = search.strip().lower()
    needing = [row for row in rows if any(cell.needs_attention for cell in row.cells)]
    found = [
        row
        for row in (needing if attention else rows)
        if wanted in f"{row.namespace}/{row.name}".lower()
    ]
    return Board(
        instances=list(states),
        rows=found[offset : offset + limit],
        total=len(found),
        attention=len(needing),
    )


def board_rows(listed: Mapping[str, Listed], errors: Mapping[str, str]) -> list[BoardRow]:
    """A row for each application that is deployed, released or on its way anywhere. Pure."""
    indexed = {
        environment: _Objects(environment, objects) for environment, objects in listed.items()
    }
    names = {key for objects in indexed.values() for key in objects.names()}
    return [
        BoardRow(
            namespace=namespace,
            name=name,
            cells=[
                Cell(environment=environment, health="Unknown", message=errors[environment])
                if errors.get(environment)
                else objects.cell(namespace, name)
                for environment, objects in indexed.items()
            ],
        )
        for namespace, name in sorted(names)
    ]


def by_application(
    manifests: Iterable[Manifest],
) -> dict[tuple[str, str], list[Manifest]]:
    """Releases or promotions by the application that they belong to, in the order given."""
    found: dict[tuple[str, str], list[Manifest]] = {}
    for manifest in manifests:
        key = (manifest["metadata"]["namespace"], manifest["spec"]["application"])
        found.setdefault(key, []).append(manifest)
    return found


class _Objects:
    """The objects of one instance, found by application."""

    def __init__(self, environment: str, objects: Listed) -> None:
        self._environment = environment
        self._applications = _by_name(objects.get(WebApplication.type().kind, ()))
        self._synced = _by_name(objects.get(ARGO_APPLICATION.kind, ()))
        self._releases = by_application(objects.get(Release.type().kind, ()))
        self._promotions = by_application(objects.get(Promotion.type().kind, ()))
        pipelines = [
            pipeline
            for pipeline in objects.get(PromotionPipeline.type().kind, ())
            if pipeline["metadata"]["name"] == "default"
        ]
        self._rules = PromotionPipeline.parse(pipelines[0]).spec if pipelines else None

    def names(self) -> Iterable[tuple[str, str]]:
        """Every application that this instance knows of."""
        return {*self._applications, *self._releases, *self._promotions}

    def cell(self, namespace: str, name: str) -> Cell:
        """The cell of an application."""
        key = (namespace, name)
        releases = self._releases.get(key, [])
        versions = {r["metadata"]["name"]: r["spec"]["version"] for r in releases}
        promotions = sorted(self._promotions.get(key, []), key=_started, reverse=True)
        briefs = [brief(promotion, versions) for promotion in promotions]
        cell = _describe(Cell(environment=self._environment), self._applications.get(key))
        synced = self._synced.get(key) or {}
        state = ((synced.get("status") or {}).get("sync") or {}).get("status")
        ended_well = [b for b in briefs if b.phase == "Succeeded"]
        cell.drifted = state == "OutOfSync"
        cell.under_way = next((b for b in briefs if b.phase in _UNDER_WAY), None)
        ended = [b for b in briefs if b.phase in ("Succeeded", "Failed")]
        cell.failed = ended[0] if ended and ended[0].phase == "Failed" else None
        cell.deployed_at = ended_well[0].finished_at if ended_well else None
        cell.release = next((n for n, v in versions.items() if v == cell.version), "")
        rules = self._rules
        before = {rules.previous} if rules and rules.previous else set()
        cell.candidate = candidate(releases, promotions, cell.version, before)
        if rules is not None:
            cell.emergency = rules.emergency.allowed
            if rules.hotfix.allowed:
                verified_in = set(rules.hotfix.verified_in)
                cell.hotfix = candidate(releases, promotions, cell.version, verified_in)
        cell.back_to = previous_version(ended_well, cell.version)
        return cell


def candidate(
    releases: Sequence[Manifest],
    promotions: Sequence[Manifest],
    version: str,
    before: Set[str],
) -> Candidate | None:
    """What may come next; None when nothing may. Pure.

    Args:
        releases: Of the application, as this instance knows them.
        promotions: Of the application here.
        version: What runs; empty when nothing does.
        before: Environments that must have verified a release.
    """
    coming = {
        promotion["spec"].get("release")
        for promotion in promotions
        if (promotion.get("status") or {}).get("phase", "Pending") in _UNDER_WAY
    }
    running = max(
        (r["spec"]["source"]["count"] for r in releases if r["spec"]["version"] == version),
        default=0,
    )
    able = [
        release
        for release in releases
        if release["spec"]["source"]["count"] > running
        and release["metadata"]["name"] not in coming
        and before <= set((release.get("status") or {}).get("verifiedIn", []))
    ]
    newest = max(able, key=lambda release: int(release["spec"]["source"]["count"]), default=None)
    if newest is None:
        return None
    return Candidate(release=newest["metadata"]["name"], version=newest["spec"]["version"])


def previous_version(ended_well: Sequence[PromotionBrief], version: str) -> str:
    """Version that ran before `version`; empty when none did. Pure.

    Args:
        ended_well: Promotions that succeeded, newest first.
        version: What runs.
    """
    order = [b.release for b in reversed(ended_well) if b.action == "promote" and b.release]
    if version not in order:
        return ""
    before = [v for v in order[: order.index(version)] if v != version]
    return before[-1] if before else ""


def brief(promotion: Manifest, versions: Mapping[str, str]) -> PromotionBrief:
    """A promotion in a few words. Pure.

    Args:
        promotion: The manifest.
        versions: Name of a Release -> its version.
    """
    spec, status = promotion["spec"], promotion.get("status") or {}
    steps = status.get("steps") or []
    at_work = next((s for s in steps if s["phase"] in ("Running", "Failed")), None)
    phase = status.get("phase", "Pending")
    release = spec.get("release", "")
    return PromotionBrief(
        name=promotion["metadata"]["name"],
        action=spec.get("action", "promote"),
        phase=phase,
        release=versions.get(release, release),
        step=at_work["name"] if at_work else "",
        message=status.get("message", ""),
        done=sum(step["phase"] == "Succeeded" for step in steps),
        steps=len(steps),
        waits_for_approval=waits_for_approval(promotion),
        created_at=promotion["metadata"].get("creationTimestamp"),
        finished_at=status.get("finishedAt"),
    )


def waits_for_approval(promotion: Manifest) -> bool:
    """Whether a promotion waits for people; a superseded one keeps its steps as they were. Pure."""
    return _held(promotion, "approval", "waits for") or _held(promotion, "gates", "approvals:")


def waits_at_gates(promotion: Manifest) -> bool:
    """Whether a promotion waits at its gates. Pure."""
    return _held(promotion, "gates", "")


def _held(promotion: Manifest, step: str, words: str) -> bool:
    status = promotion.get("status") or {}
    return status.get("phase") == "Running" and any(
        found["name"] == step
        and found["phase"] == "Running"
        and found.get("message", "").startswith(words)
        for found in status.get("steps") or []
    )


def _by_name(manifests: Iterable[Manifest]) -> dict[tuple[str, str], Manifest]:
    return {(m["metadata"]["namespace"], m["metadata"]["name"]): m for m in manifests}


def _started(promotion: Manifest) -> str:
    return str(promotion["metadata"].get("creationTimestamp", ""))


def _describe(cell: Cell, manifest: Manifest | None) -> Cell:
    if manifest is None:
        return cell
    status = manifest.get("status") or {}
    ready = condition_of(manifest, "Ready") or {}
    current = ready.get("observedGeneration", 0) >= manifest["metadata"].get("generation", 0)
    return cell.model_copy(
        update={
            "version": status.get("release", ""),
            "digest": status.get("image", "").rpartition("@")[2],
            "url": status.get("url", ""),
            "ready": status.get("readyReplicas", 0),
            "health": health(ready.get("status", ""), ready.get("reason", ""), current=current),
            "message": ready.get("message", ""),
            "remedy": ready.get("remedy", ""),
        }
    )
