"""One application: where it runs, what it is made of, its releases, promotions and events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.board import (
    KINDS,
    Cell,
    InstanceState,
    PromotionBrief,
    board_rows,
    brief,
    instance_state,
)
from idp.apps.hub.views.gather import Listed, gather, listing
from idp.apps.hub.views.model import View
from idp.apps.hub.views.tree import TreeNode, status_tree
from idp.capabilities.promotion.kinds import Promotion, Release
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.errors import IdpError, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import DEPLOYMENT, EVENT, POD

NAME_LABEL = "app.kubernetes.io/name"
EVENTS = 50
PROMOTIONS = 50


class EventView(View):
    """Something that happened to an object of the application.

    Attributes:
        environment: Where.
        time: When it last happened.
        warning: Whether it is bad news.
        reason: CamelCase word.
        about: `Kind name`.
        message: For people.
        count: How often.
    """

    environment: str
    time: datetime | None
    warning: bool
    reason: str
    about: str
    message: str
    count: int = 1


class ReleaseView(View):
    """A release, as all instances together know it.

    Attributes:
        name: Name of the Release object.
        version: Its version.
        commit: Source commit.
        author: Who pushed it.
        time: When it was committed.
        digest: Digest of the release.
        image: Digest of the image.
        verified_in: Environments that signed that they verified it.
        runs_in: Environments where it runs.
    """

    name: str
    version: str
    commit: str
    author: str
    time: datetime
    digest: str
    image: str
    verified_in: list[str]
    runs_in: list[str]


class EnvironmentPromotion(PromotionBrief):
    """A promotion, and the environment that it is for.

    Attributes:
        environment: The target.
        initiator: Who started it; `platform` when it started by itself.
        reason: Why.
    """

    environment: str
    initiator: str
    reason: str


class EnvironmentView(View):
    """An application in one environment.

    Attributes:
        cell: As on the board.
        tree: What it is made of, top down; empty when nothing is there.
    """

    cell: Cell
    tree: list[TreeNode]


class ApplicationView(View):
    """One application.

    Attributes:
        namespace: Where it lives.
        name: Its name.
        instances: How each instance answered.
        environments: In the order of promotion.
        releases: Newest first.
        promotions: Newest first.
        events: Newest first.
    """

    namespace: str
    name: str
    instances: list[InstanceState]
    environments: list[EnvironmentView]
    releases: list[ReleaseView]
    promotions: list[EnvironmentPromotion]
    events: list[EventView]


async def application_view(
    instances: Instances, principal: Principal, namespace: str, name: str
) -> ApplicationView:
    """Ask every instance about one application.

    Raises:
        NotFound: No instance that answered knows it.
    """

    async def ask(client: Client) -> Listed:
        known, pods, deployments = await asyncio.gather(
            listing(*KINDS, EVENT, namespace=namespace)(client),
            client.list(POD, namespace, label_selector=f"{NAME_LABEL}={name}"),
            client.list(DEPLOYMENT, namespace, label_selector=f"{NAME_LABEL}={name}"),
        )
        return {**known, POD.kind: pods.items, DEPLOYMENT.kind: deployments.items}

    answers = await gather(instances, principal, ask)
    states = [instance_state(environment, answer) for environment, answer in answers.items()]
    listed: dict[str, Listed] = {
        e: {} if isinstance(a, IdpError) else a for e, a in answers.items()
    }
    found = describe(listed, states, namespace, name)
    if found is None:
        raise NotFound(
            f"there is no application {name!r} in the namespace {namespace!r}",
            remedy="The board shows all applications that you may see.",
        )
    return found


def describe(
    listed: Mapping[str, Listed], states: Sequence[InstanceState], namespace: str, name: str
) -> ApplicationView | None:
    """Put the answers together; None when nobody knows the application. Pure."""
    errors = {state.environment: state.error for state in states}
    row = next(
        (r for r in board_rows(listed, errors) if (r.namespace, r.name) == (namespace, name)), None
    )
    if row is None:
        return None
    return ApplicationView(
        namespace=namespace,
        name=name,
        instances=list(states),
        environments=[
            EnvironmentView(cell=cell, tree=status_tree(listed[cell.environment], namespace, name))
            for cell in row.cells
        ],
        releases=releases(listed, row.cells, namespace, name),
        promotions=promotions(listed, namespace, name)[:PROMOTIONS],
        events=events(listed, namespace, name)[:EVENTS],
    )


def releases(
    listed: Mapping[str, Listed], cells: Sequence[Cell], namespace: str, name: str
) -> list[ReleaseView]:
    """The releases that any instance knows, newest first. Pure."""
    known: dict[str, tuple[Manifest, set[str]]] = {}
    for objects in listed.values():
        for manifest in _of(objects.get(Release.type().kind, ()), namespace, name):
            _, verified = known.setdefault(manifest["spec"]["digest"], (manifest, set()))
            verified.update((manifest.get("status") or {}).get("verifiedIn", []))
    order = {cell.environment: n for n, cell in enumerate(cells)}
    return [
        ReleaseView(
            name=manifest["metadata"]["name"],
            version=manifest["spec"]["version"],
            commit=manifest["spec"]["source"]["commit"],
            author=manifest["spec"]["source"]["author"],
            time=manifest["spec"]["source"]["time"],
            digest=manifest["spec"]["digest"],
            image=manifest["spec"]["image"].rpartition("@")[2],
            verified_in=sorted(verified, key=lambda e: order.get(e, len(order))),
            runs_in=[c.environment for c in cells if c.version == manifest["spec"]["version"]],
        )
        for manifest, verified in sorted(
            known.values(), key=lambda found: -int(found[0]["spec"]["source"]["count"])
        )
    ]


def promotions(
    listed: Mapping[str, Listed], namespace: str, name: str
) -> list[EnvironmentPromotion]:
    """Promotions into any environment, newest first. Pure."""
    found = []
    for environment, objects in listed.items():
        versions = {
            r["metadata"]["name"]: r["spec"]["version"]
            for r in _of(objects.get(Release.type().kind, ()), namespace, name)
        }
        for manifest in _of(objects.get(Promotion.type().kind, ()), namespace, name):
            found.append(
                EnvironmentPromotion(
                    **dict(brief(manifest, versions)),
                    environment=environment,
                    initiator=manifest["spec"].get("initiator", ""),
                    reason=manifest["spec"].get("reason", ""),
                )
            )
    # Within one second, an environment that comes later on the road was started later.
    found.reverse()
    return sorted(found, key=lambda p: str(p.created_at), reverse=True)


def events(listed: Mapping[str, Listed], namespace: str, name: str) -> list[EventView]:
    """What happened to the application's objects, newest first. Pure."""
    found = [
        EventView(
            environment=environment,
            time=event.get("lastTimestamp")
            or event.get("eventTime")
            or event["metadata"].get("creationTimestamp"),
            warning=event.get("type") == "Warning",
            reason=event.get("reason", ""),
            about=f"{about.get('kind', '')} {about.get('name', '')}",
            message=event.get("message", ""),
            count=event.get("count") or 1,
        )
        for environment, objects in listed.items()
        for event in objects.get(EVENT.kind, ())
        if event["metadata"]["namespace"] == namespace
        and _belongs(about := event.get("involvedObject") or {}, name)
    ]
    return sorted(found, key=lambda event: str(event.time), reverse=True)


def _belongs(about: Mapping[str, str], name: str) -> bool:
    """Whether an object is the application's: of its name, or made from it."""
    object_name = str(about.get("name", ""))
    return object_name == name or object_name.startswith(f"{name}-")


def _of(manifests: Sequence[Manifest], namespace: str, name: str) -> list[Manifest]:
    return [
        manifest
        for manifest in manifests
        if manifest["metadata"]["namespace"] == namespace
        and manifest["spec"]["application"] == name
    ]
