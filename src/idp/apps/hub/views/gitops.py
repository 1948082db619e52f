"""GitOps: what each environment's repository wants, and whether the instance has it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from idp.apps.capabilities import kinds
from idp.apps.hub.desired import DesiredCommit, DesiredState
from idp.apps.hub.instances import Instances
from idp.apps.hub.views.board import instance_state
from idp.apps.hub.views.fields import compare_fields
from idp.apps.hub.views.gather import gather, listing
from idp.apps.hub.views.gitops_model import (
    CommitView,
    EnvironmentSync,
    SyncDetail,
    SyncedApplication,
    SyncedObject,
)
from idp.apps.hub.views.rights import may
from idp.capabilities.applications.kinds import RELEASE_LABEL
from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.access import Principal
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import ARGO_APPLICATION
from idp.kernel.strict_yaml import load_documents

COMMITS = 50


class GitOps:
    """Reads the Applications of the instances and the repositories that they follow."""

    def __init__(self, instances: Instances, desired: DesiredState) -> None:
        self._instances = instances
        self._desired = desired

    async def environments(self, principal: Principal) -> list[EnvironmentSync]:
        """Every Application that the caller may see, by environment."""
        answers = await gather(self._instances, principal, listing(ARGO_APPLICATION))
        heads = await asyncio.gather(*(self._desired.head(e) for e in answers))
        return [
            EnvironmentSync(
                state=instance_state(environment, answer),
                head=head,
                applications=[]
                if isinstance(answer, IdpError)
                else synced_applications(environment, answer[ARGO_APPLICATION.kind]),
            )
            for (environment, answer), head in zip(answers.items(), heads, strict=True)
        ]

    async def show(
        self, principal: Principal, environment: str, namespace: str, name: str
    ) -> SyncDetail:
        """One Application, field by field.

        Raises:
            NotFound: There is none of that name.
            IdpError: The instance does not answer, or the caller may not look.
        """

        async def ask(client: Client) -> SyncDetail:
            manifest = await client.get(ARGO_APPLICATION, name, namespace)
            return await self._detail(client, environment, manifest)

        answers = await gather(self._instances, principal, ask, environments=(environment,))
        answer = answers[environment]
        if isinstance(answer, IdpError):
            raise answer
        return answer

    async def sync(
        self, principal: Principal, environment: str, namespace: str, name: str, *, prune: bool
    ) -> None:
        """Start a sync in the caller's name; the instance says whether it may be."""
        operation: Manifest = {
            "initiatedBy": {"username": principal.name},
            "sync": {"prune": prune},
        }
        client = self._instances.client(environment, principal)
        await client.patch(ARGO_APPLICATION, name, {"operation": operation}, namespace)

    async def _detail(self, client: Client, environment: str, manifest: Manifest) -> SyncDetail:
        application = synced_application(environment, manifest)
        namespace, name = application.namespace, application.name
        path, revision = application.path, application.revision
        head, commits, compared, promotions, allowed = await asyncio.gather(
            self._desired.head(environment),
            self._desired.history(environment, path, COMMITS),
            self._compared(environment, path, revision),
            listing(Promotion.type(), namespace=namespace)(client),
            may(client, "patch", namespace, name, ARGO_APPLICATION.plural, ARGO_APPLICATION.group),
        )
        wanted = await self._wanted(environment, application)
        objects = [
            await _object(client, resource, wanted)
            for resource in (manifest.get("status") or {}).get("resources") or []
        ]
        history = commit_views(commits, promotions["Promotion"], compared)
        return SyncDetail(
            application=application,
            head=head,
            behind=bool(history) and not history[0].deployed,
            release=next(filter(None, map(_release, wanted.values())), ""),
            objects=objects,
            commits=history,
            problems=[
                str(problem.get("message", ""))
                for problem in (manifest.get("status") or {}).get("conditions") or []
            ],
            may_sync=allowed,
        )

    async def _compared(self, environment: str, path: str, revision: str) -> str:
        """The application's newest commit up to what was compared, which may be another's."""
        if not revision:
            return ""
        found = await self._desired.history(environment, path, 1, start=revision)
        return found[0].id if found else ""

    async def _wanted(
        self, environment: str, application: SyncedApplication
    ) -> dict[tuple[str, str], Manifest]:
        """The manifests of the compared commit, by kind and name."""
        if not application.revision:
            return {}
        files = await self._desired.files(environment, application.revision, application.path)
        found = {}
        for file, content in files.items():
            if not file.endswith((".yaml", ".yml", ".json")):
                continue
            for document in load_documents(content, name=file):
                if isinstance(document, dict):
                    key = (
                        str(document.get("kind")),
                        str((document.get("metadata") or {}).get("name")),
                    )
                    found[key] = document
        return found


def synced_applications(environment: str, manifests: Sequence[Manifest]) -> list[SyncedApplication]:
    """Those out of sync first, then by name. Pure."""
    found = [synced_application(environment, manifest) for manifest in manifests]
    return sorted(found, key=lambda a: (a.sync == "Synced", a.namespace, a.name))


def synced_application(environment: str, manifest: Manifest) -> SyncedApplication:
    """An Application in the engine's own words. Pure."""
    meta, spec, status = manifest["metadata"], manifest["spec"], manifest.get("status") or {}
    operation = status.get("operationState") or {}
    policy = (spec.get("syncPolicy") or {}).get("automated")
    resources = status.get("resources") or []
    problems = [str(c.get("message", "")) for c in status.get("conditions") or []]
    return SyncedApplication(
        environment=environment,
        namespace=meta["namespace"],
        name=meta["name"],
        sync=(status.get("sync") or {}).get("status", "Unknown"),
        health=(status.get("health") or {}).get("status", "Unknown"),
        revision=(status.get("sync") or {}).get("revision", ""),
        path=(spec.get("source") or {}).get("path", ""),
        automated=policy is not None,
        self_heal=bool((policy or {}).get("selfHeal")),
        operation=operation.get("phase", ""),
        message="; ".join(filter(None, problems)) or operation.get("message", ""),
        finished_at=operation.get("finishedAt"),
        compared_at=status.get("reconciledAt"),
        objects=len(resources),
        out_of_sync=sum(resource.get("status") != "Synced" for resource in resources),
    )


def commit_views(
    commits: Sequence[DesiredCommit], promotions: Sequence[Manifest], deployed: str
) -> list[CommitView]:
    """Commits with who started the promotions that made them. Pure."""
    initiators = {
        f"{p['metadata']['namespace']}/{p['metadata']['name']}": p["spec"].get("initiator", "")
        for p in promotions
    }
    views = []
    for commit in commits:
        subject, _, rest = commit.message.partition("\n")
        promotion = commit.trailer("Promotion")
        namespace, _, name = promotion.partition("/")
        undoing = subject.startswith("Revert ")
        paragraphs = [p for p in rest.strip().split("\n\n") if not p.startswith("This reverts")]
        views.append(
            CommitView(
                id=commit.id,
                author=initiators.get(promotion) or commit.author,
                time=commit.time,
                subject=subject,
                reason=paragraphs[0] if undoing and paragraphs else "",
                promotion=name,
                promotion_namespace=namespace,
                source=commit.trailer("Source"),
                deployed=commit.id == deployed,
            )
        )
    return views


def _release(manifest: Manifest) -> str:
    return str(((manifest.get("metadata") or {}).get("labels") or {}).get(RELEASE_LABEL, ""))


async def _object(
    client: Client, resource: Manifest, wanted: dict[tuple[str, str], Manifest]
) -> SyncedObject:
    kind, name = str(resource["kind"]), str(resource["name"])
    health = resource.get("health") or {}
    view = SyncedObject(
        kind=kind,
        namespace=str(resource.get("namespace") or ""),
        name=name,
        sync=str(resource.get("status", "Unknown")),
        health=str(health.get("status", "")),
        message=str(health.get("message", "")),
        fields=[],
    )
    type_ = _type_of(kind, str(resource.get("group", "")))
    if type_ is None:
        view.error = f"the platform does not know the kind {kind}; the explorer shows the object"
        return view
    try:
        live = await get_or_none(client, type_, name, view.namespace or None)
    except IdpError as error:
        view.error = error.message
        return view
    view.fields = compare_fields(wanted.get((kind, name), {}), live)
    return view


def _type_of(kind: str, group: str) -> ResourceType | None:
    known: list[Any] = [found.type() for found in kinds()]
    return next((t for t in known if (t.kind, t.group) == (kind, group)), None)
