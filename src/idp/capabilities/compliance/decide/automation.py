"""From what a SecurityAutomation asks for to what there is of it. Pure.

Rules:
1. A field that asks for what the platform does not do is named in `unsupported`, in the condition
   of its section, and in `Ready`. Nothing that is asked for is passed over.
2. A field that asks for what the platform does is held against the records: gaps are named.
3. A section that asks for nothing has no condition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic.alias_generators import to_camel

from idp.capabilities.compliance.kinds import (
    EvidenceResult,
    FrameworkName,
    SecurityAutomationSpec,
)
from idp.kernel.conditions import false, true
from idp.kernel.resource import Condition, Model

LEAST_PRIVILEGE = ("least-privilege", "admission", "network-isolation")
VERIFICATION = ("signed-releases", "inventory", "verdicts", "code-analysis")
QUERIES = (*LEAST_PRIVILEGE, *VERIFICATION, "findings-due")

_NAMES: dict[str, FrameworkName] = {
    "soc2": "soc2",
    "nistcsf": "nist-csf",
    "nistcsf20": "nist-csf",
    "iso27001": "iso27001",
    "iso270012022": "iso27001",
    "isoiec27001": "iso27001",
    "isoiec270012022": "iso27001",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from a SecurityAutomation.

    Attributes:
        frameworks: For which there must be a ComplianceReport.
        unsupported: Paths of fields that ask for what is not there.
        conditions: One per section that asks for something, then `Ready`.
    """

    frameworks: tuple[FrameworkName, ...]
    unsupported: tuple[str, ...]
    conditions: tuple[Condition, ...]


def known_framework(name: str) -> FrameworkName | None:
    """The framework that people call so; None for one without a catalogue here."""
    return _NAMES.get(re.sub(r"[^a-z0-9]", "", name.lower()))


def plan(spec: SecurityAutomationSpec, evidence: Mapping[str, EvidenceResult]) -> Plan:
    """What there must be, and what is true.

    Args:
        spec: What is asked for.
        evidence: Answers to `QUERIES`, by name.
    """
    wanted = [known_framework(name) for name in spec.compliance.frameworks]
    frameworks = tuple(dict.fromkeys(name for name in wanted if name is not None))
    unsupported: list[str] = []
    conditions = [
        *_threats(spec, unsupported),
        *_compliance(spec, frameworks, unsupported),
        *_zero_trust(spec, evidence),
        *_orchestration(spec, evidence, unsupported),
    ]
    return Plan(frameworks, tuple(unsupported), (*conditions, _ready(conditions, unsupported)))


def _asked(section: Model, path: str, names: tuple[str, ...]) -> list[str]:
    return [f"spec.{path}.{to_camel(name)}" for name in names if getattr(section, name)]


def _threats(spec: SecurityAutomationSpec, unsupported: list[str]) -> Iterator[Condition]:
    names = ("real_time", "ai_powered", "behavioral")
    asked = _asked(spec.threat_detection, "threatDetection", names)
    if not asked:
        return
    unsupported += asked
    said = f"{', '.join(asked)}: nothing here watches processes, traffic or people for attacks"
    remedy = "Run a detector beside the platform, and unset these fields."
    yield false("ThreatDetection", "NotSupported", said, remedy=remedy)


def _compliance(
    spec: SecurityAutomationSpec, frameworks: tuple[FrameworkName, ...], unsupported: list[str]
) -> Iterator[Condition]:
    section = spec.compliance
    if not (section.frameworks or section.automated or section.reporting):
        return
    strange = [name for name in section.frameworks if known_framework(name) is None]
    unsupported += [f"spec.compliance.frameworks[{name}]" for name in strange]
    said = f"evaluated every five minutes: {', '.join(frameworks) or 'no framework'}"
    if strange:
        said += f"; there is no catalogue of controls for {', '.join(strange)}"
        remedy = "Report these by other means, and take them off the list."
        yield false("Compliance", "FrameworksUnknown", said, remedy=remedy)
    elif not frameworks:
        remedy = "Name them in spec.compliance.frameworks: SOC2, NIST-CSF, ISO27001."
        yield false("Compliance", "NoFramework", said, remedy=remedy)
    else:
        yield true("Compliance", "Reported", said)


def _zero_trust(
    spec: SecurityAutomationSpec, evidence: Mapping[str, EvidenceResult]
) -> Iterator[Condition]:
    section = spec.zero_trust
    if not section.enabled:
        if section.principle_of_least_privilege or section.continuous_verification:
            remedy = "Set spec.zeroTrust.enabled, or unset the rest of the section."
            yield false("ZeroTrust", "NotEnabled", "the section is not enabled", remedy=remedy)
        return
    names = (
        *(LEAST_PRIVILEGE if section.principle_of_least_privilege else ()),
        *(VERIFICATION if section.continuous_verification else ()),
    )
    yield _held("ZeroTrust", names, evidence)


def _orchestration(
    spec: SecurityAutomationSpec, evidence: Mapping[str, EvidenceResult], unsupported: list[str]
) -> Iterator[Condition]:
    section = spec.security_orchestration
    names = ("response_playbooks", "incident_management")
    asked = _asked(section, "securityOrchestration", names)
    unsupported += asked
    if asked:
        said = f"{', '.join(asked)}: the platform tells what is wrong, people answer it"
        remedy = "Unset these fields; `idp-cli security findings --overdue` lists what is late."
        yield false("SecurityOrchestration", "NotSupported", said, remedy=remedy)
    elif section.automated:
        yield _held("SecurityOrchestration", ("findings-due",), evidence)


def _held(type: str, names: tuple[str, ...], evidence: Mapping[str, EvidenceResult]) -> Condition:
    """True when nothing that was looked at speaks against it."""
    gaps = [evidence[name] for name in names if evidence[name].state in ("partly", "notMet")]
    if gaps:
        said = "; ".join(f"{gap.title}: {gap.message}" for gap in gaps)
        remedies = " ".join(dict.fromkeys(gap.remedy for gap in gaps if gap.remedy))
        return false(type, "GapsFound", said, remedy=remedies)
    open_ = [name for name in names if evidence[name].state == "noEvidence"]
    if open_:
        said = f"nothing speaks against it; there is no evidence yet of {', '.join(open_)}"
        return Condition(type=type, status="Unknown", reason="NoEvidence", message=said)
    return true(type, "Holds", ", ".join(names) or "nothing in particular is asked for")


def _ready(conditions: list[Condition], unsupported: list[str]) -> Condition:
    if unsupported:
        said = f"asked for and not there: {', '.join(unsupported)}"
        remedy = "Read the conditions of the sections; unset what is done by other means."
        return false("Ready", "PartlySupported", said, remedy=remedy)
    failing = [condition.type for condition in conditions if condition.status != "True"]
    if failing:
        said = f"not fulfilled: {', '.join(failing)}"
        return false("Ready", "NotFulfilled", said, remedy="Read these conditions.")
    return true("Ready", "Fulfilled", "everything that is asked for is there")
