"""One release: what is in it and proved of it, where it runs, and what it would change there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from idp.apps.hub.evidence import StoredRegistry, require_pins
from idp.apps.hub.instances import Instances
from idp.apps.hub.review import RepositoryReview
from idp.apps.hub.views.application import promotions
from idp.apps.hub.views.board import KINDS, Cell, InstanceState, board_rows, instance_state
from idp.apps.hub.views.gather import Listed, gather, listing
from idp.apps.hub.views.release_evidence import (
    image_view,
    packages,
    proof_view,
    provenance_view,
    scanned,
)
from idp.apps.hub.views.release_model import (
    DifferenceView,
    ImageView,
    ReleaseDetail,
    ReleaseInEnvironment,
)
from idp.apps.platform.layout import Layout
from idp.apps.platform.pins import instance_trust
from idp.apps.proof import contents, proofs, subjects_of
from idp.capabilities.promotion.decide.release_diff import Contents, Difference, release_diff
from idp.capabilities.promotion.kinds import Release
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.errors import Forbidden, IdpError, NotFound
from idp.kernel.resource import Manifest
from idp.protocols.signing.anchors import Anchors
from idp.protocols.signing.attestations import VerifiedStatement, statements
from idp.protocols.signing.predicates import SLSA_PROVENANCE

_LARGEST_CONFIG = 1 << 20


class Releases:
    """Puts releases together from the instances, the registry and the pinned keys."""

    def __init__(self, layout: Layout, instances: Instances) -> None:
        self._layout = layout
        self._instances = instances
        self._origin = instances.environments[0]
        self._registry = StoredRegistry(layout)
        self._review = RepositoryReview(instances)

    async def show(
        self,
        principal: Principal,
        namespace: str,
        application: str,
        version: str,
        environment: str = "",
    ) -> ReleaseDetail:
        """One release, its proofs checked with the keys of an environment (the first by default).

        Raises:
            NotFound: No instance that answered knows the release.
            Forbidden: The caller may not pull the application's images.
            Unavailable: The environment has pinned no keys.
        """
        keys_of = environment or self._origin
        self._instances.connection(keys_of)
        listed, states = await self._listed(principal, namespace)
        release = _find(listed, application, version)
        if release is None:
            raise NotFound(
                f"there is no release {version!r} of {namespace}/{application}",
                remedy="The application's page lists its releases.",
            )
        if not await self._review(principal, "get", namespace, application):
            raise Forbidden(
                f"{principal.name} may not read the images of {namespace}/{application}",
                remedy="It takes the verb get on the WebApplication in the first environment.",
            )
        require_pins(self._layout, keys_of)
        cells = _cells(listed, states, namespace, application)
        detail = describe(release, listed, states, cells, namespace, keys_of)
        trust = await self._trust(principal, keys_of)
        if isinstance(trust, IdpError):
            detail.evidence_error = trust.message
            return detail
        try:
            await self._add_evidence(detail, release, trust)
        except IdpError as error:
            detail.evidence_error = error.message
        await self._add_differences(detail, release, listed, trust)
        return detail

    async def _trust(self, principal: Principal, environment: str) -> Anchors | IdpError:
        async def ask(client: Client) -> Anchors:
            return await instance_trust(self._layout, environment, client).anchors()

        answers = await gather(self._instances, principal, ask, environments=(environment,))
        return answers[environment]

    async def _listed(
        self, principal: Principal, namespace: str
    ) -> tuple[dict[str, Listed], list[InstanceState]]:
        answers = await gather(self._instances, principal, listing(*KINDS, namespace=namespace))
        states = [instance_state(environment, answer) for environment, answer in answers.items()]
        return {e: {} if isinstance(a, IdpError) else a for e, a in answers.items()}, states

    async def _add_evidence(self, detail: ReleaseDetail, release: Manifest, trust: Anchors) -> None:
        found: dict[str, VerifiedStatement] = {}
        rows = []
        for subject in subjects_of(release):
            rows += await proofs(self._registry, subject, trust, self._origin)
            told = await statements(self._registry, subject.repository, subject.digest, trust)
            found |= {statement.digest: statement for statement in told.verified}
        detail.proofs = [proof_view(row, found.get(row["digest"])) for row in rows]
        detail.provenance = next(
            (
                provenance_view(statement)
                for statement in found.values()
                if statement.predicate_type == SLSA_PROVENANCE and statement.signer == self._origin
            ),
            None,
        )
        evidence = await contents(self._registry, release, trust.only(self._origin))
        detail.packages = packages(evidence.bill_of_materials)
        detail.scanners, detail.findings = scanned(evidence.scanners)
        detail.image = await self._image(release)

    async def _image(self, release: Manifest) -> ImageView:
        _, subject = subjects_of(release)
        stored = await self._registry.manifest(subject.repository, subject.digest)
        manifest = orjson.loads(stored.body)
        config = await self._registry.blob(
            subject.repository, manifest["config"]["digest"], limit=_LARGEST_CONFIG
        )
        return image_view(subject.digest, manifest, orjson.loads(config))

    async def _add_differences(
        self,
        detail: ReleaseDetail,
        release: Manifest,
        listed: Mapping[str, Listed],
        trust: Anchors,
    ) -> None:
        known: dict[str, Contents] = {}

        async def contents_of(manifest: Manifest) -> Contents:
            digest = str(manifest["spec"]["digest"])
            if digest not in known:
                known[digest] = await contents(self._registry, manifest, trust.only(self._origin))
            return known[digest]

        for place in detail.environments:
            if place.runs or not place.running:
                continue
            running = _find(listed, detail.application, place.running)
            if running is None:
                place.error = f"no instance knows the release {place.running} any more"
                continue
            try:
                found = release_diff(await contents_of(running), await contents_of(release))
            except IdpError as error:
                place.error = error.message
                continue
            place.differences = [_difference(difference) for difference in found]


def describe(
    release: Manifest,
    listed: Mapping[str, Listed],
    states: Sequence[InstanceState],
    cells: Sequence[Cell],
    namespace: str,
    checked_by: str,
) -> ReleaseDetail:
    """A release as the instances know it, without evidence. Pure."""
    spec = release["spec"]
    name, version = release["metadata"]["name"], spec["version"]
    of_release = {
        (environment, manifest["metadata"]["name"])
        for environment, objects in listed.items()
        for manifest in objects.get("Promotion", ())
        if manifest["spec"].get("release") == name
    }
    return ReleaseDetail(
        namespace=namespace,
        application=spec["application"],
        name=name,
        version=version,
        digest=spec["digest"],
        repository=spec["repository"],
        source_repository=spec["source"]["repository"],
        commit=spec["source"]["commit"],
        author=spec["source"]["author"],
        time=spec["source"]["time"],
        checked_by=checked_by,
        instances=list(states),
        packages=[],
        scanners=[],
        findings=[],
        proofs=[],
        environments=[_place(cell, listed, release) for cell in cells],
        promotions=[
            promotion
            for promotion in promotions(listed, namespace, spec["application"])
            if (promotion.environment, promotion.name) in of_release
        ],
        application_spec=spec.get("applicationSpec") or {},
        configuration=spec.get("configuration"),
    )


def _find(listed: Mapping[str, Listed], application: str, version: str) -> Manifest | None:
    for objects in listed.values():
        for manifest in objects.get(Release.type().kind, ()):
            spec = manifest["spec"]
            if (spec["application"], spec["version"]) == (application, version):
                return manifest
    return None


def _cells(
    listed: Mapping[str, Listed], states: Sequence[InstanceState], namespace: str, name: str
) -> list[Cell]:
    rows = board_rows(listed, {state.environment: state.error for state in states})
    return next((r.cells for r in rows if (r.namespace, r.name) == (namespace, name)), [])


def _place(cell: Cell, listed: Mapping[str, Listed], release: Manifest) -> ReleaseInEnvironment:
    version, digest = release["spec"]["version"], release["spec"]["digest"]
    known = [
        manifest
        for manifest in listed.get(cell.environment, {}).get(Release.type().kind, ())
        if manifest["spec"]["digest"] == digest
    ]
    verified = {
        environment
        for objects in listed.values()
        for manifest in objects.get(Release.type().kind, ())
        if manifest["spec"]["digest"] == digest
        for environment in (manifest.get("status") or {}).get("verifiedIn", [])
    }
    return ReleaseInEnvironment(
        environment=cell.environment,
        known=bool(known),
        runs=cell.version == version,
        running=cell.version,
        health=cell.health,
        url=cell.url,
        ready=cell.ready,
        verified=cell.environment in verified,
        differences=[],
        error=cell.message if cell.health == "Unknown" else "",
    )


def _difference(difference: Difference) -> DifferenceView:
    return DifferenceView(
        area=difference.area,
        what=difference.what,
        before=difference.before,
        after=difference.after,
    )
