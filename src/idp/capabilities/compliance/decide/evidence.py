"""Every query over the platform's records, by name. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from idp.capabilities.compliance.decide import change, operations, vulnerabilities
from idp.capabilities.compliance.decide.answer import MOST_RECORDS, Answer
from idp.capabilities.compliance.facts import Facts
from idp.capabilities.compliance.kinds import EvidenceResult
from idp.kernel.manifest import digest


class Query(NamedTuple):
    """A question to the records.

    Attributes:
        title: What it asks, in a few words.
        ask: Gives the answer.
    """

    title: str
    ask: Callable[[Facts], Answer]


QUERIES: dict[str, Query] = {
    "audit-chain": Query("The audit was not edited", operations.audit_chain),
    "least-privilege": Query("Rights are granted by role", operations.least_privilege),
    "admission": Query("The API refuses what must not be", operations.admission),
    "network-isolation": Query("Applications are kept apart", operations.network_isolation),
    "monitoring": Query("The platform's parts are watched", operations.monitoring),
    "backups": Query("There is a fresh backup", operations.backups),
    "transit-encryption": Query("Connections are encrypted", operations.transit_encryption),
    "separation-of-duties": Query("Nobody approves their own", change.separation_of_duties),
    "verdicts": Query("Every promotion was judged", change.verdicts),
    "signed-releases": Query("Only signed releases come in", change.signed_releases),
    "verified-before": Query("Releases were tested before", change.verified_before),
    "inventory": Query("It is known what releases contain", change.inventory),
    "configuration-in-git": Query("What runs is written in Git", change.configuration_in_git),
    "rollbacks": Query("Going back works", change.rollbacks),
    "emergency-reviews": Query("Emergencies were reviewed", change.emergency_reviews),
    "scans-fresh": Query("Applications were scanned lately", vulnerabilities.scans_fresh),
    "findings-due": Query("No finding is overdue", vulnerabilities.findings_due),
    "exceptions": Query("Exceptions take two people and end", vulnerabilities.exceptions),
    "security-profile": Query("Rules for findings are in force", vulnerabilities.profile),
    "code-analysis": Query("Code and images are analysed", vulnerabilities.code_analysis),
    "secret-scanning": Query("Code is searched for secrets", vulnerabilities.secret_scanning),
}


def evaluate(facts: Facts, names: Iterable[str]) -> list[EvidenceResult]:
    """The answers to some queries, by name; the same facts give the same digests."""
    return [_result(name, QUERIES[name].ask(facts)) for name in sorted(set(names))]


def _result(name: str, answer: Answer) -> EvidenceResult:
    records = list(answer.records)
    told = [answer.state, answer.message, *(r.model_dump(mode="json") for r in records)]
    return EvidenceResult(
        name=name,
        title=QUERIES[name].title,
        state=answer.state,
        message=answer.message,
        remedy=answer.remedy,
        digest=digest(told),
        records=records[:MOST_RECORDS],
        total=len(records),
    )
