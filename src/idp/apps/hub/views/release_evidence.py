"""What is proved of a release, as a page shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from idp.apps.hub.views.release_model import (
    ImageView,
    LayerView,
    MaterialView,
    PackageView,
    ProofView,
    ProvenanceView,
    ReleaseScanner,
    ScanFinding,
)
from idp.kernel.resource import Manifest
from idp.protocols.signing.attestations import VerifiedStatement


def image_view(digest: str, manifest: Manifest, config: Manifest) -> ImageView:
    """An image by its manifest and configuration (OCI image-spec). Pure."""
    steps = [h.get("created_by", "") for h in config.get("history") or [] if not _empty(h)]
    settings = config.get("config") or {}
    return ImageView(
        digest=digest,
        platform="/".join(filter(None, (config.get("os", ""), config.get("architecture", "")))),
        created=str(config.get("created", "")),
        command=[*(settings.get("Entrypoint") or []), *(settings.get("Cmd") or [])],
        labels={str(k): str(v) for k, v in (settings.get("Labels") or {}).items()},
        layers=[
            LayerView(
                digest=layer["digest"],
                size=layer["size"],
                made_by=steps[n] if n < len(steps) else "",
            )
            for n, layer in enumerate(manifest.get("layers") or [])
        ],
    )


def _empty(step: Mapping[str, Any]) -> bool:
    return bool(step.get("empty_layer"))


def packages(document: Mapping[str, Any]) -> list[PackageView]:
    """The components of a CycloneDX document, by name. Pure."""
    found = [
        PackageView(
            name=str(component.get("name", "")),
            version=str(component.get("version") or ""),
            kind=str(component.get("type", "")),
            purl=str(component.get("purl") or ""),
            licences=_licences(component),
        )
        for component in document.get("components") or []
    ]
    return sorted(found, key=lambda package: (package.name.lower(), package.version))


def _licences(component: Mapping[str, Any]) -> list[str]:
    told = []
    for entry in component.get("licenses") or []:
        licence = entry.get("license") or {}
        told.append(str(entry.get("expression") or licence.get("id") or licence.get("name") or ""))
    return [licence for licence in told if licence]


def scanned(
    scanners: Sequence[Mapping[str, Any]],
) -> tuple[list[ReleaseScanner], list[ScanFinding]]:
    """What the attested scan says: the scanners, and all that they found. Pure."""
    told = [
        ReleaseScanner(
            name=str(scanner.get("name", "")),
            status=str(scanner.get("status", "")),
            reason=str(scanner.get("reason") or ""),
            version=str(scanner.get("version") or ""),
            findings=len(scanner.get("findings") or []),
        )
        for scanner in scanners
    ]
    found = [
        ScanFinding(
            scanner=str(scanner.get("name", "")),
            name=str(finding.get("id", "")),
            severity=finding.get("severity"),
            package=str(finding.get("package") or ""),
            version=str(finding.get("version") or ""),
            location=str(finding.get("location") or ""),
            summary=str(finding.get("summary") or ""),
        )
        for scanner in scanners
        for finding in scanner.get("findings") or []
    ]
    worst = sorted(found, key=lambda f: -(f.severity if f.severity is not None else 11))
    return told, worst


def proof_view(row: Mapping[str, str], statement: VerifiedStatement | None) -> ProofView:
    """A row of `idp.apps.proof`, with what its statement says of the log. Pure."""
    logged = statement.logged if statement else None
    return ProofView(
        subject=row["subject"],
        proof=row["proof"],
        result=row["result"],
        signer=row["signer"],
        reason=row["reason"],
        digest=row["digest"],
        log_entry=logged.index if logged else None,
        log_size=logged.checkpoint.size if logged else None,
        logged_at=datetime.fromtimestamp(logged.seconds, UTC) if logged else None,
    )


def provenance_view(statement: VerifiedStatement) -> ProvenanceView:
    """SLSA provenance v1 (https://slsa.dev/spec/v1.0/provenance). Pure."""
    build = statement.predicate.get("buildDefinition") or {}
    run = statement.predicate.get("runDetails") or {}
    builder, metadata = run.get("builder") or {}, run.get("metadata") or {}
    return ProvenanceView(
        signer=statement.signer,
        builder=str(builder.get("id", "")),
        build_type=str(build.get("buildType", "")),
        level=(build.get("internalParameters") or {}).get("slsaBuildLevel"),
        started_at=str(metadata.get("startedOn", "")),
        finished_at=str(metadata.get("finishedOn", "")),
        parameters={str(k): str(v) for k, v in (build.get("externalParameters") or {}).items()},
        materials=[
            MaterialView(
                uri=str(material.get("uri", "")),
                name=str(material.get("name") or ""),
                digest=":".join(next(iter((material.get("digest") or {}).items()), ())),
            )
            for material in build.get("resolvedDependencies") or []
        ],
        tools={str(k): str(v) for k, v in (builder.get("version") or {}).items()},
    )
