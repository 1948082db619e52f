"""The engine: one reconciliation gathers, decides, acts and reports. See README.md."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from idp.embedded.gitops import decide as rules
from idp.embedded.gitops.application import Application, parse
from idp.embedded.gitops.compare import Compared
from idp.embedded.gitops.deletion import finalize
from idp.embedded.gitops.kinds import KindRegistry
from idp.embedded.gitops.live import compare
from idp.embedded.gitops.operation import Operation, OperationState, read_state
from idp.embedded.gitops.sources import OpenRepository, Sources, Wanted
from idp.embedded.gitops.status import Problem, changed, compared_status, merge_patch, unknown
from idp.embedded.gitops.sync import attempt
from idp.embedded.gitops.watches import LiveWatches
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import IdpError, Invalid
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import ARGO_APPLICATION

log = structlog.get_logger(__name__)

REFRESH = "argocd.argoproj.io/refresh"
_DEBOUNCE = 0.1
_SELF_HEAL_SECONDS = 5.0
_WAVE_DEADLINE = 600.0
_RECHECK_ERROR = 15.0
_RECHECK_DELETED = 0.5


class GitOpsEngine:
    """Keeps what `Application`s name in line with Git.

    Args:
        client: The instance's API.
        data: Unused folder of its own; all state is in the API and in Git.
        repositories: Gives the repository of a `repoURL`.
        changes: Addresses of repositories that changed, as hints to look sooner.
        poll_seconds: How often Git is asked without a hint.
        cluster_kinds: Group and kind of cluster-scoped objects that applications may have.
        self_heal_seconds: Shortest time between two corrections of the same revision.
    """

    def __init__(
        self,
        client: Client,
        *,
        data: Path,
        repositories: OpenRepository,
        changes: AsyncIterator[str] | None = None,
        poll_seconds: float = 60.0,
        cluster_kinds: frozenset[tuple[str, str]] = frozenset({("", "Namespace")}),
        self_heal_seconds: float = _SELF_HEAL_SECONDS,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._changes = changes
        self._poll_seconds = poll_seconds
        self._self_heal_seconds = self_heal_seconds
        self._clock = clock
        self._kinds = KindRegistry(client)
        self._sources = Sources(
            repositories, self._kinds.find, cluster_kinds, poll_seconds=poll_seconds
        )
        self._controller = Controller(
            "gitops", client, self.reconcile, [Watch(ARGO_APPLICATION)], workers=2
        )
        self._watches = LiveWatches(client, self._notify)
        self._searched_all: set[Request] = set()

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._controller.run())
            group.create_task(self._watches.run())
            if self._changes is not None:
                group.create_task(self._take_hints(self._changes))

    def _notify(self, request: Request) -> None:
        # A rollout changes its objects many times a second; all of that is one look.
        self._controller.queue.add_after(request, _DEBOUNCE)

    async def _take_hints(self, changes: AsyncIterator[str]) -> None:
        async for url in changes:
            self._sources.forget_revisions(url)
            try:
                applications = (await self._client.list(ARGO_APPLICATION)).items
            except IdpError as error:  # only a hint: the next look finds the change
                log.warning("hint not followed", repository=url, error=str(error))
                continue
            for manifest in applications:
                if ((manifest.get("spec") or {}).get("source") or {}).get("repoURL") == url:
                    meta = manifest["metadata"]
                    self._controller.queue.add(Request(meta["namespace"], meta["name"]))

    async def reconcile(self, request: Request) -> Result:
        """Bring one application a step further."""
        manifest = await get_or_none(
            self._client, ARGO_APPLICATION, request.name, request.namespace
        )
        if manifest is None:
            self._forget(request)
            return Result()
        if manifest["metadata"].get("deletionTimestamp"):
            if await finalize(self._client, manifest, await self._kinds.defined()):
                return Result(requeue_after=_RECHECK_DELETED)
            self._forget(request)
            return Result()
        if refresh := (manifest["metadata"].get("annotations") or {}).get(REFRESH):
            self._refresh(request, manifest, hard=refresh == "hard")
        try:
            application = parse(manifest)
            wanted = await self._wanted(application, manifest)
        except IdpError as error:
            return await self._report_problem(request, manifest, error)
        return await self._reconcile(request, manifest, application, wanted)

    def _forget(self, request: Request) -> None:
        self._sources.forget(request.namespace, request.name)
        self._watches.forget(request)
        self._searched_all.discard(request)

    def _refresh(self, request: Request, manifest: Manifest, *, hard: bool) -> None:
        source = (manifest.get("spec") or {}).get("source") or {}
        self._sources.forget_revisions(source.get("repoURL", ""))
        if hard:
            self._forget(request)

    async def _wanted(self, application: Application, manifest: Manifest) -> Wanted:
        state = read_state(manifest.get("status") or {})
        operation = rules.current(_requested(manifest), state)
        return await self._sources.wanted(application, operation.revision if operation else "")

    async def _reconcile(
        self, request: Request, manifest: Manifest, application: Application, wanted: Wanted
    ) -> Result:
        former = manifest.get("status") or {}
        searched = await self._searched(request, former, wanted)
        compared = await compare(self._client, application, wanted.targets, searched)
        self._watches.follow(request, [(c.key, c.type) for c in compared])
        state, now = read_state(former), self._clock()
        decision = rules.decide(
            application,
            source=manifest["spec"]["source"],
            requested=_requested(manifest),
            state=state,
            revision=wanted.revision,
            compared=compared,
            now=now,
            self_heal_seconds=self._self_heal_seconds,
        )
        pause = self._poll_seconds
        if isinstance(decision, rules.Attempt):
            started = replace(
                decision.state, revision=wanted.revision, source=manifest["spec"]["source"]
            )
            state = await self._attempt(application, started, compared)
            compared = await compare(self._client, application, wanted.targets, searched)
            self._watches.follow(request, [(c.key, c.type) for c in compared])
            pause = rules.pause_after(application, state, self._poll_seconds)
        elif isinstance(decision, rules.Wait):
            pause = min(pause, decision.seconds)
        status = compared_status(
            former,
            application,
            manifest,
            revision=wanted.revision,
            compared=compared,
            state=state,
            problems=_problems(compared, decision, state),
            now=self._clock(),
        )
        await self._write(request, manifest, status, finished=state is None or not state.running)
        return Result(requeue_after=pause)

    async def _searched(
        self, request: Request, former: Manifest, wanted: Wanted
    ) -> list[ResourceType]:
        """Kinds among which objects may be that are not wanted any more.

        Once for each application all kinds there are, in case the status was lost; then those
        of its objects.
        """
        if request not in self._searched_all:
            everything = await self._kinds.defined()
            self._searched_all.add(request)
            return everything
        found = {target.type for target in wanted.targets}
        for entry in former.get("resources") or ():
            group, version = entry.get("group", ""), entry.get("version", "")
            api_version = f"{group}/{version}" if group else version
            found.add(await self._kinds.find(api_version, entry["kind"]))
        return sorted((t for t in found if t is not None), key=lambda t: (t.group, t.kind))

    async def _attempt(
        self, application: Application, state: OperationState, compared: Sequence[Compared]
    ) -> OperationState:
        outcome = await attempt(self._client, application, state.operation, compared)
        now = self._clock()
        state = replace(
            state,
            phase=outcome.phase,
            message=outcome.message,
            results=tuple(outcome.results),
            attempted=None if outcome.phase == "Running" else now,
        )
        log.info(
            "sync",
            application=application.name,
            revision=state.revision,
            phase=outcome.phase,
            message=outcome.message,
        )
        if state.running and (now - state.started).total_seconds() > _WAVE_DEADLINE:
            message = f"not healthy within {_WAVE_DEADLINE:g} s: {outcome.message}"
            return replace(state, phase="Failed", message=message, attempted=now)
        if outcome.phase == "Failed":
            return rules.after_failure(application, state)
        return state

    async def _report_problem(
        self, request: Request, manifest: Manifest, error: IdpError
    ) -> Result:
        invalid = isinstance(error, Invalid) and bool(error.causes)
        problem = Problem(
            "InvalidSpecError" if invalid else "ComparisonError",
            error.message if error.remedy is None else f"{error.message}. {error.remedy}",
        )
        former, now = manifest.get("status") or {}, self._clock()
        generation = manifest["metadata"].get("generation", 0)
        status = unknown(former, problem, generation=generation, now=now)
        requested = _requested(manifest)
        if requested and not error.retryable:
            state = OperationState(requested, "Error", problem.message, now, attempted=now)
            status["operationState"] = state.as_json()
        await self._write(request, manifest, status, finished=not error.retryable)
        return Result(requeue_after=min(self._poll_seconds, _RECHECK_ERROR))

    async def _write(
        self, request: Request, manifest: Manifest, status: Manifest, *, finished: bool
    ) -> None:
        """Report; then take away what was asked for and is done, so a crash only repeats it."""
        former = manifest.get("status") or {}
        if changed(former, status):
            await self._client.patch(
                ARGO_APPLICATION,
                request.name,
                {"status": merge_patch(former, status)},
                request.namespace,
                subresource="status",
            )
        done: Manifest = {}
        if manifest.get("operation") and finished:
            done["operation"] = None
        if (manifest["metadata"].get("annotations") or {}).get(REFRESH):
            done["metadata"] = {"annotations": {REFRESH: None}}
        if done:
            await self._client.patch(ARGO_APPLICATION, request.name, done, request.namespace)


def _requested(manifest: Manifest) -> Operation | None:
    body = manifest.get("operation")
    return Operation(body) if body else None


def _problems(
    compared: Iterable[Compared], decision: rules.Decision, state: OperationState | None
) -> list[Problem]:
    found = []
    if isinstance(decision, rules.Idle) and decision.problem:
        found.append(Problem("SyncError", decision.problem))
    elif state is not None and state.phase in ("Failed", "Error"):
        found.append(Problem("SyncError", state.message))
    for one in compared:
        if one.message and not one.extraneous:
            kind = "SharedResourceWarning" if "belongs to" in one.message else "ComparisonError"
            found.append(Problem(kind, f"{one.key}: {one.message}"))
    return found
