"""What a query answers, and what its records look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from idp.capabilities.compliance.facts import Facts, PromotionRecord
from idp.capabilities.compliance.kinds import RecordReference, State
from idp.kernel.resource import ResourceType

MOST_RECORDS = 20
"""References of one query that are kept; the total is told beside them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a query.

    Attributes:
        state: How it stands.
        message: What was found.
        remedy: What closes the gap; empty when there is none.
        records: What proves it.
    """

    state: State
    message: str
    remedy: str = ""
    records: Sequence[RecordReference] = ()


def of_share(
    good: int, total: int, said: str, remedy: str, records: Sequence[RecordReference]
) -> Answer:
    """Met when all are good, partly when some are."""
    state: State = "met" if good == total else "partly" if good else "notMet"
    message = f"{good} of {total} {said}"
    return Answer(state, message, "" if state == "met" else remedy, records)


def object_record(
    facts: Facts, type: ResourceType, name: str, namespace: str | None = None
) -> RecordReference:
    """A reference to an object, as the hub's proxy shows it."""
    path = f"/instances/{facts.environment}{type.path(namespace, quote(name))}"
    shown = f"{type.kind} {namespace}/{name}" if namespace else f"{type.kind} {name}"
    return RecordReference(kind="object", name=shown, path=path)


def audit_record(facts: Facts, sequence: int, digest: str) -> RecordReference:
    """A reference to an audit record."""
    path = f"/api/v1/audit/{facts.environment}?before={sequence + 1}&limit=1"
    return RecordReference(kind="audit", name=f"record {sequence}", path=path, digest=digest)


def promotion_record(facts: Facts, promotion: PromotionRecord) -> RecordReference:
    """A reference to a promotion."""
    where = f"{quote(promotion.namespace)}/{quote(promotion.name)}"
    return RecordReference(
        kind="promotion",
        name=f"{promotion.namespace}/{promotion.name}",
        path=f"/api/v1/promotions/{facts.environment}/{where}",
        digest=promotion.evidence_digest,
    )


def scan_record(facts: Facts, namespace: str, application: str) -> RecordReference:
    """A reference to the scans of an application."""
    query = {"environment": facts.environment, "namespace": namespace, "application": application}
    path = f"/api/v1/findings/report?{urlencode(query)}"
    return RecordReference(kind="scan", name=f"{namespace}/{application}", path=path)
