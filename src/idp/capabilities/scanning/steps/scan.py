"""Step `scan`: what is known to be wrong with an image.

In a push all scanners run on the image, and their reports are attested. In a promotion the image
is the same, so most reports are: they are taken from the attestation, and only what the
SecurityProfile says `run` of looks again, above all the comparison with advisories, which appear
every day. Only what the environment that builds has signed counts: no other key can lend an image a
better report. A scanner that the profile turns off neither runs nor reports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import reduce
from importlib.metadata import version
from operator import or_
from typing import Any

import sqlalchemy

from idp.capabilities.scanning.contents import is_metadata, read_contents
from idp.capabilities.scanning.decide import combine, summarise
from idp.capabilities.scanning.history.exceptions import state_exceptions
from idp.capabilities.scanning.history.ingest import Scan, ingest
from idp.capabilities.scanning.image import lay_out, read_image
from idp.capabilities.scanning.kinds import (
    PROFILE,
    SecurityProfile,
    SecurityProfileSpec,
    VulnerabilityException,
)
from idp.capabilities.scanning.reports import (
    ScannerReport,
    ScanPredicate,
    incomplete,
    read_predicate,
)
from idp.capabilities.scanning.sbom import bill_of_materials, read_bill
from idp.capabilities.scanning.scanners.dependencies import NAME, Dependencies
from idp.capabilities.scanning.scanners.ports import Scanner, Target, run_all
from idp.capabilities.scanning.subjects import (
    ImageParameters,
    Subject,
    subject_of_build,
    subject_of_release,
)
from idp.capabilities.scanning.workspace import Workspace
from idp.capabilities.signing.kinds import InstanceTrust
from idp.kernel.capability import Signer
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.errors import Unavailable
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, succeeded
from idp.protocols.oci.ports import Registry
from idp.protocols.signing.attestations import VerifiedStatement, attach, statements
from idp.protocols.signing.predicates import CYCLONEDX, SCAN


class ScanStep:
    """Scans, or looks again. It never fails for what it finds: judging is `verdict`'s work."""

    uses = "scan"
    parameters: type[Model] = ImageParameters

    def __init__(
        self,
        *,
        client: Client,
        registry: Registry,
        signer: Signer,
        trust: InstanceTrust,
        origin: str,
        scanners: Sequence[Scanner],
        dependencies: Dependencies,
        database: sqlalchemy.Engine,
        workspace: Workspace,
        policy: str,
        environment: str,
        clock: Clock = utc_now,
    ) -> None:
        """Take what the step works with.

        Args:
            client: The instance's API.
            registry: Where images are.
            signer: The environment's key.
            trust: What this instance trusts.
            origin: The environment that builds.
            scanners: All but `dependencies`.
            dependencies: The scanner that runs in every environment.
            database: Findings over time are kept there.
            workspace: For temporary files.
            policy: Rules of scanning in words, for the record.
            environment: Of this instance.
            clock: Tells the present.
        """
        self._client = client
        self._registry = registry
        self._signer = signer
        self._trust = trust
        self._origin = origin
        self._scanners = scanners
        self._dependencies = dependencies
        self._database = database
        self._workspace = workspace
        self._policy = policy
        self._environment = environment
        self._clock = clock

    async def perform(self, run: StepRun, parameters: Any) -> Outcome:
        """Scan.

        Raises:
            NotFound: Build, release or image is not there.
            Invalid: The image cannot be read.
        """
        profile = await self._profile()
        if parameters.release:
            subject = await subject_of_release(self._client, parameters.release, run.namespace)
            reports = await self._look_again(run, subject, profile)
            await self._remember(run, subject, reports, profile)
            return _outcome(subject, reports)
        subject = await subject_of_build(self._client, parameters.build, run.namespace)
        scanners = [*self._scanners, self._dependencies]
        wanted = [s for s in scanners if profile.tools.get(s.name) != "off"]
        reports = self._dated(run, await self._scan(run, subject, wanted))
        attestation = await self._attest(run, subject, reports)
        await self._remember(run, subject, reports, profile)
        return _outcome(subject, reports, attestation=attestation)

    async def _profile(self) -> SecurityProfileSpec:
        manifest = await get_or_none(self._client, SecurityProfile.type(), PROFILE)
        if manifest is None:
            raise Unavailable(
                f"this instance has no SecurityProfile {PROFILE} yet",
                remedy="The instance makes its default profile anew within a minute.",
            )
        return SecurityProfile.parse(manifest).spec

    async def _scan(
        self, run: StepRun, subject: Subject, scanners: Sequence[Scanner]
    ) -> list[ScannerReport]:
        await run.report(f"reading {subject.repository}@{subject.digest}")
        with self._workspace.folder() as folder:
            image = await read_image(
                self._registry, subject.repository, subject.digest, folder, is_metadata
            )
            contents = await asyncio.to_thread(read_contents, image)
            bill = read_bill(bill_of_materials(image, contents, version("idp")))
            sources = folder / "sources"
            sources.mkdir()
            await asyncio.to_thread(lay_out, image, sources)
            target = Target(sources if image.working_directory else None, bill, image)
            return await run_all(scanners, target, run.report)

    async def _attest(self, run: StepRun, subject: Subject, reports: list[ScannerReport]) -> str:
        """Attest. The time is the step's: a repeated call says the same."""
        time = self._time(run)
        predicate = ScanPredicate(scanners=reports, time=time, policy=self._policy)
        attested = await attach(
            self._registry,
            subject.repository,
            subject.digest,
            SCAN,
            predicate.model_dump(),
            self._signer,
        )
        return attested.digest

    async def _remember(
        self,
        run: StepRun,
        subject: Subject,
        reports: list[ScannerReport],
        profile: SecurityProfileSpec,
    ) -> None:
        """Take the findings into the history, once for each step."""
        scan = Scan(
            run.uid,
            run.namespace,
            subject.application,
            subject.digest,
            self._time(run),
            subject.author,
            profile.due_days,
        )
        await asyncio.to_thread(ingest, self._database, scan, reports)
        listed = await self._client.list(VulnerabilityException.type(), run.namespace)
        exceptions = [VulnerabilityException.parse(body) for body in listed.items]
        await asyncio.to_thread(
            state_exceptions,
            self._database,
            run.namespace,
            exceptions,
            self._clock(),
            subject.application,
        )

    def _time(self, run: StepRun) -> str:
        created = run.manifest.get("metadata", {}).get("creationTimestamp")
        return created or timestamp(self._clock())

    def _dated(self, run: StepRun, reports: Sequence[ScannerReport]) -> list[ScannerReport]:
        return [report.model_copy(update={"made": self._time(run)}) for report in reports]

    async def _look_again(
        self, run: StepRun, subject: Subject, profile: SecurityProfileSpec
    ) -> list[ScannerReport]:
        found = await statements(
            self._registry,
            subject.repository,
            subject.digest,
            await self._trust.anchors_of(self._origin),
            must_be_logged=True,
        )
        fresh: list[ScannerReport] = []
        if profile.tools.get(NAME, "run") == "run":
            await run.report("comparing the packages with today's advisories")
            fresh.append(await self._match(found.verified))
        if again := self._to_run(profile):
            fresh += await self._scan(run, subject, again)
        names = [*(scanner.name for scanner in self._scanners), NAME]
        reports = combine(
            names,
            _attested(found.verified),
            self._dated(run, fresh),
            f"{self._origin} attests no report of it about this image",
        )
        return [report for report in reports if profile.tools.get(report.name) != "off"]

    def _to_run(self, profile: SecurityProfileSpec) -> list[Scanner]:
        """Scanners that look at the image again; in the environment that builds a push did."""
        if self._environment == self._origin:
            return []
        return [s for s in self._scanners if profile.tools.get(s.name) == "run"]

    async def _match(self, verified: list[VerifiedStatement]) -> ScannerReport:
        documents = [s.predicate for s in verified if s.predicate_type == CYCLONEDX]
        if not documents:
            return incomplete(NAME, f"{self._origin} attests no bill of materials of this image")
        bill = reduce(or_, (read_bill(document) for document in documents))
        return await asyncio.to_thread(self._dependencies.match, bill)


def _attested(verified: Sequence[VerifiedStatement]) -> list[ScannerReport]:
    """The reports of the newest attested scan."""
    scans = [read_predicate(s.predicate) for s in verified if s.predicate_type == SCAN]
    newest = max(scans, key=lambda scan: scan.time, default=None)
    if newest is None:
        return []
    return [r if r.made else r.model_copy(update={"made": newest.time}) for r in newest.scanners]


def _outcome(subject: Subject, reports: list[ScannerReport], **further: Any) -> Outcome:
    outputs = summarise(reports)
    counts = [f"{count} {word}" for word, count in outputs["counts"].items() if count]
    gaps = [gap["name"] for gap in outputs["incomplete"]]
    message = f"findings: {', '.join(counts) or 'none'}"
    if gaps:
        message += f"; incomplete: {', '.join(gaps)}"
    reason = "Incomplete" if gaps else "Scanned"
    return succeeded(message, reason=reason, digest=subject.digest, **outputs, **further)
