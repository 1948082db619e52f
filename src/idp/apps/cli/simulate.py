"""Gathers what a simulation needs: one application in one environment, as its own steps see it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from idp.apps.cli.connection import Platform
from idp.apps.cli.pipeline_files import RulesFile
from idp.apps.cli.proof import registry_of, trust_of
from idp.apps.promotion_requests import promotion_of
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.promotion.capability import ORIGIN
from idp.capabilities.promotion.decide.evidence import Evidence, read_reports
from idp.capabilities.promotion.decide.hotfix import demanded_before
from idp.capabilities.promotion.decide.next_promotions import KnownPromotion, KnownRelease
from idp.capabilities.promotion.decide.simulation import (
    Admission,
    Result,
    SimulatedStep,
    Simulation,
    Situation,
    simulate,
)
from idp.capabilities.promotion.decide.target import BorrowsRuntime
from idp.capabilities.promotion.gatekeeper import MOMENTARY, Gatekeeper
from idp.capabilities.promotion.gates.freeze import FreezeGate
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.gates.soak import SoakGate
from idp.capabilities.promotion.gates.window import WindowGate
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, Release
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.capabilities.promotion.steps.admit import AdmitStep, Admitted
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import parse_timestamp
from idp.kernel.errors import NotFound, TooLarge, VerificationFailed
from idp.kernel.resource import Manifest, ResourceType
from idp.protocols.rego import evaluate


async def simulate_in(
    platform: Platform,
    environment: str,
    namespace: str,
    application: str,
    version: str | None,
    instead: RulesFile | None,
    now: datetime,
) -> Simulation:
    """What would happen to a release in an environment.

    Args:
        platform: Asked as the user who signed in.
        environment: Where.
        namespace: Of the application.
        application: Its name.
        version: Of the release; None takes the newest that the environment knows.
        instead: Rules instead of those in force; None leaves them.
        now: The moment.

    Raises:
        NotFound: The environment knows no such release.
    """
    client = platform.instance(environment)
    situation, releases = await gather(client, environment, namespace, application, instead)
    release = _choose(releases, situation, version)
    async with registry_of(platform) as registry:
        step = AdmitStep(
            client,
            PipelineReader(client),
            registry,
            trust_of(platform, environment),
            environment=environment,
            origin=ORIGIN,
        )
        scanned = await _scanned(client, release)
        before = demanded_before(situation.rules.pipeline, hotfix=False)
        admission, verified_at = await admission_of(step, Release.parse(release), before, scanned)
    gates = await gates_of(client, situation, release, verified_at, platform.user, now)
    return simulate(situation, KnownRelease.of(release), admission, now, evaluate, gates)


async def gather(
    client: Client,
    environment: str,
    namespace: str,
    application: str,
    instead: RulesFile | None = None,
) -> tuple[Situation, list[Manifest]]:
    """The situation of an application in an environment, and the releases that it knows."""
    reader = PipelineReader(client)
    releases = await _of(client, Release.type(), namespace, application)
    promotions = await _of(client, Promotion.type(), namespace, application)
    rules = await reader.rules()
    situation = Situation(
        environment=environment,
        namespace=namespace,
        application=application,
        rules=instead.over(rules) if instead else rules,
        releases=[KnownRelease.of(manifest) for manifest in releases],
        promotions=[KnownPromotion.of(manifest) for manifest in promotions],
        running=await running_version(client, namespace, application),
        exemptions=await reader.exemptions(namespace),
    )
    return situation, releases


async def running_version(client: Client, namespace: str, application: str) -> str:
    """The release that runs; empty when nothing does."""
    found = await get_or_none(client, WebApplication.type(), application, namespace)
    return str(((found or {}).get("status") or {}).get("release") or "")


async def admission_of(
    step: AdmitStep, release: Release, demanded: tuple[str, ...], scanned: list[Any]
) -> tuple[Admission, datetime | None]:
    """What `admit` says, and since when the environment before has verified the release.

    A refusal for want of that environment leaves the other evidence.
    """
    refusal, change = "", ""
    admitted = Admitted([], [], "", 0)
    for before in dict.fromkeys((demanded, ())):
        try:
            admitted = await step.check(release, before)
            break
        except (VerificationFailed, NotFound, TooLarge, BorrowsRuntime) as error:
            refusal, change = refusal or error.message, change or error.remedy or ""
    attested = read_reports(admitted.scanners)
    evidence = Evidence(release.spec.digest, admitted.evidence, attested, read_reports(scanned))
    since = parse_timestamp(admitted.verified_at) if admitted.verified_at else None
    return Admission(evidence, refusal, change), since


async def gates_of(
    client: Client,
    situation: Situation,
    release: Manifest,
    verified_at: datetime | None,
    user: str,
    now: datetime,
) -> list[SimulatedStep]:
    """How the gates stand that the clock decides; the others are asked when it comes to it."""
    name = release["metadata"]["name"]
    wanted = promotion_of(situation.namespace, situation.application, name, user)
    pipeline = situation.rules.pipeline
    case = GateCase(
        environment=situation.environment,
        promotion=Promotion.parse(wanted),
        release=Release.parse(release).spec,
        pipeline=pipeline,
        now=now,
        verified_at=verified_at,
    )
    keeper = Gatekeeper([FreezeGate(client), SoakGate(), WindowGate()])
    reports = await keeper.ask(case, now, None, {}, only=MOMENTARY | {"soak"})
    asked = {report.name for report in reports}
    results: dict[str, Result] = {"Waiting": "waits", "Refused": "fails"}
    return [
        *(
            SimulatedStep(
                f"gate {report.name}",
                results.get(report.answer.state, "passes"),
                report.answer.message,
                report.answer.change,
            )
            for report in reports
        ),
        *(
            SimulatedStep(f"gate {gate.name}", "passes", f"{'+'.join(gate.rules)}: asked then")
            for gate in pipeline.gates
            if gate.name not in asked
        ),
    ]


async def _scanned(client: Client, release: Manifest) -> list[Any]:
    """What the scan of the newest promotion of this release here found; empty without one."""
    promotion = (release.get("status") or {}).get("promotion", "")
    if not promotion:
        return []
    name, namespace = f"{promotion}-scan", release["metadata"]["namespace"]
    step = await get_or_none(client, PipelineStep.type(), name, namespace)
    outputs = ((step or {}).get("status") or {}).get("outputs") or {}
    scanners: list[Any] = outputs.get("scanners") or []
    return scanners


async def _of(
    client: Client, type: ResourceType, namespace: str, application: str
) -> list[Manifest]:
    """By label, which every Release and every Promotion that is carried out has."""
    selector = f"{APPLICATION_LABEL}={application}"
    return list((await client.list(type, namespace, label_selector=selector)).items)


def _choose(releases: list[Manifest], situation: Situation, version: str | None) -> Manifest:
    found = [r for r in releases if version in (None, r["spec"]["version"])]
    if not found:
        what = f"release {version}" if version else "release"
        place = Place(situation.application, situation.namespace, situation.environment)
        raise NotFound(
            f"{situation.environment} knows no {what} of {situation.application}",
            remedy=f"See what it knows: {place.releases()}",
        )
    return max(found, key=lambda release: KnownRelease.of(release).order)


def as_json(simulation: Simulation) -> dict[str, Any]:
    """With camelCase names, as everything that the platform writes."""
    body = asdict(simulation)
    body["policyVersion"] = body.pop("policy_version")
    return body


def lines(simulation: Simulation) -> list[str]:
    """For people."""
    marks = {"passes": "✓", "waits": "…", "fails": "✗"}
    endings = {
        "Promotes": "it would be promoted",
        "NeedsApproval": "it would wait for people",
        "WaitsForGates": "it would wait for gates",
        "Refused": "it would be refused",
    }
    runs = f"{simulation.running} runs there now" if simulation.running else "nothing runs there"
    starts = "starts by itself" if simulation.automatic else "a person starts it"
    told = [
        f"{simulation.release} in {simulation.environment}: {endings[simulation.ending]} "
        f"({runs}; {starts})"
    ]
    width = max(len(step.name) for step in simulation.steps)
    for step in simulation.steps:
        told.append(f"  {marks[step.result]} {step.name.ljust(width)}  {step.message}")
        if step.change and step.result != "passes":
            told.append(f"    {' ' * width}  next: {step.change}")
    if simulation.supersedes:
        told.append(f"  it would supersede {', '.join(simulation.supersedes)}")
    told.append("  not known before: what the scan here finds, and whether it starts and answers")
    return told
