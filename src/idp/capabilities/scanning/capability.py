"""What scanning registers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from idp.capabilities.scanning.advisories import AdvisoryDatabase
from idp.capabilities.scanning.comparison import Comparison
from idp.capabilities.scanning.controllers.exceptions import ExceptionReconciler
from idp.capabilities.scanning.controllers.exports import ExportReconciler
from idp.capabilities.scanning.controllers.overdue import OverdueReconciler
from idp.capabilities.scanning.controllers.profile_changes import ProfileChangeReconciler
from idp.capabilities.scanning.controllers.profiles import ProfileReconciler
from idp.capabilities.scanning.controllers.remediations import RemediationReconciler
from idp.capabilities.scanning.kinds import (
    FindingsExport,
    Remediation,
    SecurityProfile,
    SecurityProfileChange,
    VulnerabilityException,
)
from idp.capabilities.scanning.render import admission_policies
from idp.capabilities.scanning.scanners import checkov, gitleaks, opengrep
from idp.capabilities.scanning.scanners.bandit import Bandit
from idp.capabilities.scanning.scanners.checkov import Checkov
from idp.capabilities.scanning.scanners.dependencies import Dependencies
from idp.capabilities.scanning.scanners.gitleaks import Gitleaks
from idp.capabilities.scanning.scanners.image import ImageRules
from idp.capabilities.scanning.scanners.infrastructure import Infrastructure
from idp.capabilities.scanning.scanners.opengrep import Opengrep
from idp.capabilities.scanning.scanners.ports import Scanner
from idp.capabilities.scanning.scanners.programs import find_program
from idp.capabilities.scanning.scanners.secrets import Secrets
from idp.capabilities.scanning.steps.sbom import SbomStep
from idp.capabilities.scanning.steps.scan import ScanStep
from idp.capabilities.scanning.workspace import Workspace
from idp.capabilities.signing.kinds import InstanceTrust
from idp.kernel.capability import Capability, Context
from idp.kernel.controller import Runnable
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.step import Step
from idp.protocols.git.client import GitRepository
from idp.protocols.git.ports import Repository
from idp.protocols.oci.client import HttpRegistry

DEFAULT_MAX_AGE_DAYS = 7.0
"""Advisories appear every day; a week leaves room for machines that are updated by hand."""

ORIGIN = "development"
"""The environment that builds; `options["origin"]` may name another."""


def _steps(context: Context) -> Sequence[Step]:
    """Build the steps.

    Options that are read: `advisories` (path of the database that all instances share),
    `advisory-max-age-days`, `authorities`, and `origin`.
    """
    options = context.options
    days = float(options.get("advisory-max-age-days", DEFAULT_MAX_AGE_DAYS))
    origin = str(options.get("origin", ORIGIN))
    if origin not in context.trusted_keys:
        raise MissingPrerequisite(
            f"this instance has pinned no key of {origin}, whose scans it must check",
            remedy=f"Pin the public key of {origin} in this instance's configuration.",
        )
    registry = HttpRegistry(context.registry)
    workspace = Workspace(context.data / "scanning" / "work")
    return [
        SbomStep(
            client=context.client,
            registry=registry,
            signer=context.signer,
            workspace=workspace,
        ),
        ScanStep(
            client=context.client,
            registry=registry,
            signer=context.signer,
            trust=InstanceTrust(
                context.client, context.trusted_keys, options.get("authorities", {})
            ),
            origin=origin,
            scanners=(Bandit(), Secrets(), ImageRules(), Infrastructure(), *_installed()),
            dependencies=_dependencies(context),
            database=context.database,
            workspace=workspace,
            policy=f"advisories at most {days:g} days old",
            environment=context.environment,
        ),
    ]


def _installed() -> list[Scanner]:
    """Programs of others that this machine has; the rest is off."""
    known = ((Opengrep(), opengrep), (Gitleaks(), gitleaks), (Checkov(), checkov))
    return [scanner for scanner, module in known if find_program(module.PROGRAMS)]


def _controllers(context: Context) -> Sequence[Runnable]:
    """Build the controllers; `options["export-networks"]` may be reached though not public."""
    networks: Sequence[str] = context.options.get("export-networks", ())
    controllers = [
        ProfileReconciler(context.client, context.environment).controller(),
        ProfileChangeReconciler(context.client, _environment_repository(context)).controller(),
        ExceptionReconciler(context.client, context.database).controller(),
        OverdueReconciler(context.client, context.database).controller(),
        ExportReconciler(
            context.client, context.database, context.environment, networks
        ).controller(),
    ]
    if context.environment == context.options.get("origin", ORIGIN):
        examine = Comparison(
            HttpRegistry(context.registry),
            _dependencies(context),
            Workspace(context.data / "scanning" / "remediations"),
        )
        remediations = RemediationReconciler(context.client, context.database, examine)
        controllers.append(remediations.controller())
    return controllers


def _dependencies(context: Context) -> Dependencies:
    days = float(context.options.get("advisory-max-age-days", DEFAULT_MAX_AGE_DAYS))
    return Dependencies(AdvisoryDatabase(Path(context.options["advisories"])), days)


def _environment_repository(context: Context) -> Repository:
    git = context.git
    return GitRepository(
        f"{git.url}/git/environments/{context.environment}.git",
        git.username,
        git.password,
        cache=context.data / "scanning" / "git",
    )


CAPABILITY = Capability(
    name="scanning",
    kinds=(
        SecurityProfile,
        SecurityProfileChange,
        VulnerabilityException,
        FindingsExport,
        Remediation,
    ),
    controllers=_controllers,
    manifests=lambda environment: admission_policies(),
    steps=_steps,
    migrations=(Path(__file__).parent / "migrations",),
    commands=(("idp.capabilities.scanning.commands:application", "security"),),
)
