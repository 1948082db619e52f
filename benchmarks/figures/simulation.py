"""`pipeline simulate`: what would happen to every release in every environment."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime

from benchmarks.figure import Figure
from benchmarks.stage import Stage
from idp.apps.cli.simulate import gather
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.environments.kinds import PromotionPipeline, PromotionPipelineSpec
from idp.capabilities.environments.render import default_pipeline
from idp.capabilities.promotion.decide.evidence import (
    Evidence,
    EvidenceItem,
    Finding,
    ScannerReport,
)
from idp.capabilities.promotion.decide.next_promotions import KnownPromotion, KnownRelease
from idp.capabilities.promotion.decide.rules import Rules
from idp.capabilities.promotion.decide.simulation import Admission, Situation, simulate
from idp.capabilities.promotion.kinds import Promotion, Release
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.capabilities.scanning.kinds import (
    DEMANDED,
    SecurityProfile,
    SecurityProfileSpec,
    VulnerabilityException,
)
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.client import Client
from idp.kernel.schema import custom_resource_definition
from idp.kernel.standard import CUSTOM_RESOURCE_DEFINITION, NAMESPACE
from idp.protocols.rego import evaluate

APPLICATIONS = 1000
ENVIRONMENTS = ("development", "staging", "uat", "production")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
RELEASES, FINDINGS, RUNS = 5, 5, 5
PROFILE = SecurityProfileSpec()

KINDS = (
    PromotionPipeline,
    SecurityProfile,
    VulnerabilityException,
    Release,
    Promotion,
    WebApplication,
)

Question = tuple[Situation, KnownRelease, Admission]


async def measure(stage: Stage) -> list[Figure]:
    """One release, reading included, among many; then every release, the decisions alone."""
    api = ApiServer(ApiServerSettings(data=stage.scratch / "simulation"))
    async with api:
        client = api.client("benchmark", ("system:masters",))
        await _fill(client)
        one = await _of_one_release(client)
    questions = [
        _question(environment, rules, number)
        for environment, rules in _rules().items()
        for number in range(APPLICATIONS)
    ]
    return [
        Figure(
            f"Simulate a release in {len(ENVIRONMENTS)} environments of {APPLICATIONS:,} "
            "applications",
            one,
            "ms",
            200.0,
            note="reading rules, releases and promotions included; evidence at hand",
        ),
        Figure(
            f"Simulate {APPLICATIONS:,} applications in {len(ENVIRONMENTS)} environments",
            _of_all(questions) / 1000,
            "s",
            note=f"{RELEASES} releases and {FINDINGS} findings each; the decisions alone",
        ),
    ]


async def _fill(client: Client) -> None:
    """Rules, and a release and a promotion of every application."""
    for kind in KINDS:
        await client.create(CUSTOM_RESOURCE_DEFINITION, custom_resource_definition(kind))
    await client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    await client.create(PromotionPipeline.type(), default_pipeline("uat"))
    profile = {"metadata": {"name": "default"}, "spec": {}}
    await client.create(SecurityProfile.type(), profile)
    for number in range(APPLICATIONS):
        name = f"app-{number}"
        meta = {"namespace": "demo", "labels": {APPLICATION_LABEL: name}}
        spec = {"application": name, "release": f"{name}-r1", "initiator": "platform"}
        release = {"metadata": {**meta, "name": f"{name}-r1"}, "spec": _release(name)}
        await client.create(Release.type(), release)
        await client.create(Promotion.type(), {"metadata": {**meta, "name": name}, "spec": spec})


def _release(name: str) -> dict[str, object]:
    commit = "a" * 40
    return {
        "application": name,
        "version": f"r1-{commit[:7]}",
        "digest": f"sha256:{'b' * 64}",
        "repository": f"demo/{name}",
        "image": f"127.0.0.1:8600/demo/{name}@sha256:{'c' * 64}",
        "source": {
            "repository": f"demo/{name}",
            "commit": commit,
            "count": 1,
            "author": "ada",
            "time": "2026-11-24T00:00:00Z",
        },
    }


async def _of_one_release(client: Client) -> float:
    """Median milliseconds for all environments one after the other."""
    durations = []
    for run in range(RUNS):
        _, _, admission = _question("uat", Rules(PromotionPipelineSpec(), PROFILE), run)
        started = time.monotonic()
        for environment in ENVIRONMENTS:
            situation, releases = await gather(client, environment, "demo", f"app-{run}")
            (release,) = releases
            assert simulate(situation, KnownRelease.of(release), admission, NOW, evaluate).steps
        durations.append((time.monotonic() - started) * 1000)
    return statistics.median(durations)


def _of_all(questions: list[Question]) -> float:
    """Median milliseconds of all questions."""
    durations = []
    for _ in range(RUNS):
        started = time.monotonic()
        endings = {simulate(*question, NOW, evaluate).ending for question in questions}
        durations.append((time.monotonic() - started) * 1000)
        assert endings == {"Promotes", "NeedsApproval", "Refused"}
    return statistics.median(durations)


def _rules() -> dict[str, Rules]:
    return {
        environment: Rules(PromotionPipeline.parse(default_pipeline(environment)).spec, PROFILE)
        for environment in ENVIRONMENTS
    }


def _question(environment: str, rules: Rules, number: int) -> Question:
    name = f"app-{number}"
    releases = [
        KnownRelease(f"{name}-r{n}", f"r{n}", n, verified_in=frozenset(ENVIRONMENTS[:3]))
        for n in range(1, RELEASES + 1)
    ]
    promotions = [
        KnownPromotion(release.name, release.name, "Succeeded", f"2026-11-24T00:00:0{n}Z", True)
        for n, release in enumerate(releases[:-1])
    ]
    digest = f"sha256:{number:064x}"
    worst = 9.8 if number % 10 == 0 else 5.0
    findings = tuple(Finding(f"CVE-{n}", worst, "lib") for n in range(FINDINGS))
    report = ScannerReport("dependencies", "findings", "", findings, NOW, NOW)
    items = [EvidenceItem(kind, digest, "development") for kind in DEMANDED]
    situation = Situation(environment, "demo", name, rules, releases, promotions, "r4")
    return situation, releases[-1], Admission(Evidence(digest, items, (report,)))
