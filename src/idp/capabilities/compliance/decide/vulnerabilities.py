"""Evidence about scans, findings and the rules over them. Pure."""

from __future__ import annotations

from datetime import timedelta

from idp.capabilities.compliance.decide.answer import (
    Answer,
    object_record,
    of_share,
    scan_record,
)
from idp.capabilities.compliance.facts import Facts, NewestScan
from idp.capabilities.scanning.kinds import PROFILE, SecurityProfile, VulnerabilityException
from idp.kernel.clock import parse_timestamp

LONGEST_EXCEPTION_DAYS = 365
"""An exception that is renewed less often than once a year is no exception."""

_MADE_ANEW = "Look at it: `idp-cli describe securityprofile default`."


def scans_fresh(facts: Facts) -> Answer:
    """Every application was scanned lately, by scanners that looked at everything."""
    if not facts.scans:
        return Answer(
            "noEvidence", "nothing was scanned here", "Push an application: `idp-cli deploy .`."
        )
    days = facts.profile.freshness.scans_days if facts.profile else 30.0
    since = facts.now - timedelta(days=days)
    records = [scan_record(facts, s.namespace, s.application) for s in facts.scans]
    late = [s for s in facts.scans if parse_timestamp(s.time) < since]
    gaps = [s for s in facts.scans if s not in late and s.incomplete]
    fresh = len(facts.scans) - len(late)
    said = f"applications were scanned within {days:g} days"
    if not late and gaps:
        scanners = sorted({name for s in gaps for name in s.incomplete})
        message = f"{fresh} of {fresh} {said}, of which {len(gaps)} incompletely: " + ", ".join(
            scanners
        )
        return Answer("partly", message, _complete(gaps), records)
    return of_share(
        fresh,
        len(facts.scans),
        said,
        "Promote the applications again, or push them: each scans them.",
        records,
    )


def _complete(gaps: list[NewestScan]) -> str:
    if any("dependencies" in scan.incomplete for scan in gaps):
        return "Import advisories: `idp-cli security db import FILE`, then scan again."
    return "`idp-cli doctor` says which scanner is missing; install it, then scan again."


def findings_due(facts: Facts) -> Answer:
    """Nothing is open past its due date."""
    if not facts.standings:
        return Answer("noEvidence", "nothing was scanned here")
    late = [s for s in facts.standings if s.overdue]
    records = [scan_record(facts, s.namespace, s.application) for s in late or facts.standings]
    count = sum(s.overdue for s in late)
    answer = of_share(
        len(facts.standings) - len(late),
        len(facts.standings),
        "applications have no finding past its due date",
        "Fix them, or ask for exceptions: `idp-cli security findings -A --overdue`.",
        records,
    )
    if not late:
        return answer
    return Answer(answer.state, f"{answer.message}; {count} are late", answer.remedy, records)


def exceptions(facts: Facts) -> Answer:
    """Findings are let be by two people, and until a date."""
    counted = [e for e in facts.exceptions if not e.spec.void(facts.now)]
    if not counted:
        return Answer("notApplicable", "no exception is in force")
    longest = timedelta(days=LONGEST_EXCEPTION_DAYS)
    good = [
        e
        for e in counted
        if e.metadata.creation_timestamp is None
        or e.spec.expires - e.metadata.creation_timestamp <= longest + timedelta(days=1)
    ]
    kind = VulnerabilityException.type()
    return of_share(
        len(good),
        len(counted),
        f"exceptions have two people's word and end within {LONGEST_EXCEPTION_DAYS} days",
        "Revoke the longer ones, and ask anew: `idp-cli security exception list`.",
        [object_record(facts, kind, e.name, e.namespace) for e in counted],
    )


def profile(facts: Facts) -> Answer:
    """Rules are in force, and what is critical is refused."""
    if facts.profile is None:
        return Answer("noEvidence", "there is no valid SecurityProfile in force", _MADE_ANEW)
    record = object_record(facts, SecurityProfile.type(), PROFILE)
    weak = [
        f"{band} findings are only {'recorded' if action == 'record' else 'tracked'}"
        for band, action in (
            ("critical", facts.profile.severity.critical),
            ("high", facts.profile.severity.high),
            ("unscored", facts.profile.severity.unscored),
        )
        if action == "record" or (band == "critical" and action == "track")
    ]
    if facts.profile.incomplete == "record":
        weak.append("scanners that did not look are only recorded")
    if weak:
        remedy = (
            "Raise them: `idp-cli security profile set -e ENVIRONMENT severity.critical=deny "
            "--reason WHY`."
        )
        return Answer("partly", "; ".join(weak), remedy, [record])
    said = f"the profile {facts.profile.version[:19]} is in force"
    return Answer("met", said, records=[record])


def code_analysis(facts: Facts) -> Answer:
    """The code of applications is looked at for weaknesses."""
    return _tools(facts, ("bandit", "dependencies", "image"))


def secret_scanning(facts: Facts) -> Answer:
    """Code is looked at for secrets."""
    return _tools(facts, ("secrets",))


def _tools(facts: Facts, wanted: tuple[str, ...]) -> Answer:
    if facts.profile is None:
        return Answer("noEvidence", "there is no valid SecurityProfile in force", _MADE_ANEW)
    record = object_record(facts, SecurityProfile.type(), PROFILE)
    used = [name for name in wanted if facts.profile.tools.get(name, "off") != "off"]
    missing = [name for name in wanted if name not in used]
    example = f"tools.{(missing or wanted)[0]}=attested"
    return of_share(
        len(used),
        len(wanted),
        f"scanners are demanded of {', '.join(wanted)}",
        f"Demand them: `idp-cli security profile set -e ENVIRONMENT {example} --reason WHY`.",
        [record],
    )
