"""What a page shows of a release."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict

from idp.apps.hub.overview import Health
from idp.apps.hub.views.application import EnvironmentPromotion
from idp.apps.hub.views.board import InstanceState
from idp.apps.hub.views.model import View


class LayerView(View):
    """A layer of the image.

    Attributes:
        digest: Of its content.
        size: Bytes, as stored.
        made_by: The step of the build that made it.
    """

    digest: str
    size: int
    made_by: str = ""


class ImageView(View):
    """The image of a release.

    Attributes:
        digest: Of its manifest.
        platform: Such as `linux/amd64`.
        created: When it was built, as its configuration says.
        command: What it runs.
        labels: As its configuration says.
        layers: From the bottom up.
    """

    digest: str
    platform: str = ""
    created: str = ""
    command: list[str]
    labels: dict[str, str]
    layers: list[LayerView]


class PackageView(View):
    """A package of the bill of materials.

    Attributes:
        name: Its name.
        version: Its version.
        kind: Such as `library`.
        purl: Package URL; empty for what is in no registry.
        licences: As the package declares them; empty when it declares none.
    """

    name: str
    version: str
    kind: str
    purl: str
    licences: list[str]


class ScanFinding(View):
    """What a scanner found in the image when it was built.

    Attributes:
        scanner: Who found it.
        name: Id of the rule or advisory.
        severity: CVSS base score; None without one.
        package: Distribution; empty for the application's own files.
        version: Of the distribution.
        location: Where in the image.
        summary: One line.
    """

    scanner: str
    name: str
    severity: float | None = None
    package: str = ""
    version: str = ""
    location: str = ""
    summary: str = ""


class ReleaseScanner(View):
    """A scanner's attested report.

    Attributes:
        name: Such as `bandit`.
        status: `clean`, `findings` or `incomplete`.
        reason: Why it is incomplete.
        version: Of the scanner.
        findings: How many.
    """

    name: str
    status: str
    reason: str = ""
    version: str = ""
    findings: int = 0


class ProofView(View):
    """Something that claims to prove something.

    Attributes:
        subject: `release` or `image`.
        proof: Such as `provenance`.
        result: `holds`, `does not count` or `missing`.
        signer: Environment whose pinned key signed it.
        reason: Why it does not hold.
        digest: Of the artifact that carries it.
        log_entry: Its place in the signer's transparency log; None when it is in none.
        log_size: Entries of the log in the signed state that proves it.
        logged_at: When the log took it in.
    """

    subject: str
    proof: str
    result: str
    signer: str = ""
    reason: str = ""
    digest: str = ""
    log_entry: int | None = None
    log_size: int | None = None
    logged_at: datetime | None = None


class MaterialView(View):
    """What went into a build.

    Attributes:
        uri: Where it came from.
        name: Which part of it.
        digest: `algorithm:digest`.
    """

    uri: str
    name: str = ""
    digest: str = ""


class ProvenanceView(View):
    """How the image was built, as its builder attested (SLSA provenance v1).

    Attributes:
        signer: Environment that built it.
        builder: Identity of the builder.
        build_type: What kind of build.
        level: SLSA build level that the builder claims; None when it claims none.
        started_at: When the build began.
        finished_at: When it ended.
        parameters: What the build was asked for.
        materials: What went in.
        tools: Program -> version.
    """

    signer: str
    builder: str
    build_type: str
    level: int | None
    started_at: str
    finished_at: str
    parameters: dict[str, str]
    materials: list[MaterialView]
    tools: dict[str, str]


class DifferenceView(View):
    """One thing that differs.

    Attributes:
        area: What it belongs to.
        what: Package, finding or path.
        before: What runs; None when it is not there.
        after: This release; None when it is not there any more.
    """

    area: str
    what: str
    before: str | None
    after: str | None


class ReleaseInEnvironment(View):
    """A release seen from one environment.

    Attributes:
        environment: The instance.
        known: Whether the instance knows the release.
        runs: Whether this release is deployed there.
        running: Version that is deployed there; empty when none is.
        health: Of what is deployed.
        url: Where it answers.
        ready: Replicas that can serve.
        verified: Whether the environment signed that it verified this release.
        differences: What this release would change there; empty when it runs or nothing does.
        error: Why the differences cannot be told.
    """

    environment: str
    known: bool
    runs: bool
    running: str
    health: Health
    url: str
    ready: int
    verified: bool
    differences: list[DifferenceView]
    error: str = ""


class ReleaseDetail(View):
    """One release.

    Attributes:
        namespace: Of the application.
        application: Its name.
        name: Of the Release object.
        version: Such as `r12-3fa9c1d`.
        digest: Of the release.
        repository: In the registry.
        source_repository: In Git.
        commit: Source commit.
        author: Who pushed it.
        time: When it was committed.
        checked_by: Environment whose pinned keys the proofs were checked with.
        instances: How each instance answered.
        image: None while the registry does not give it.
        packages: By name.
        scanners: What was attested of the image.
        findings: The worst first, those without a score before all others.
        proofs: Everything that claims to prove something.
        provenance: None without one that holds.
        environments: In the order of promotion.
        promotions: Of this release, newest first.
        application_spec: The WebApplication's spec of that commit.
        configuration: The configuration's spec of that commit; None without one.
        evidence_error: Why the evidence cannot be read; empty when it can.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "namespace": "demo",
                    "application": "hello",
                    "name": "hello-r2-3fa9c1d",
                    "version": "r2-3fa9c1d",
                    "digest": "sha256:9a7c900960764b896c39323fb5f8a23bc2b21affe296b4c4b9effdfcb2",
                    "checkedBy": "production",
                    "proofs": [
                        {
                            "subject": "image",
                            "proof": "provenance",
                            "result": "holds",
                            "signer": "development",
                            "logEntry": 8,
                        }
                    ],
                }
            ]
        }
    )

    namespace: str
    application: str
    name: str
    version: str
    digest: str
    repository: str
    source_repository: str
    commit: str
    author: str
    time: datetime
    checked_by: str
    instances: list[InstanceState]
    image: ImageView | None = None
    packages: list[PackageView]
    scanners: list[ReleaseScanner]
    findings: list[ScanFinding]
    proofs: list[ProofView]
    provenance: ProvenanceView | None = None
    environments: list[ReleaseInEnvironment]
    promotions: list[EnvironmentPromotion]
    application_spec: dict[str, Any]
    configuration: dict[str, Any] | None = None
    evidence_error: str = ""
