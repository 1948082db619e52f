"""Evidence about access, records and operation. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from idp.capabilities.compliance.decide.answer import (
    Answer,
    audit_record,
    object_record,
    of_share,
)
from idp.capabilities.compliance.facts import Facts
from idp.capabilities.compliance.kinds import RecordReference
from idp.capabilities.environments.kinds import IDPInstance
from idp.kernel.clock import parse_timestamp
from idp.kernel.resource import Manifest
from idp.kernel.standard import (
    CLUSTER_ROLE_BINDING,
    NETWORK_POLICY,
    ROLE_BINDING,
    VALIDATING_ADMISSION_POLICY,
)

BACKUP_DAYS = 7
"""How old the newest backup may be; the work of a week is the most that may be lost."""

ADMINISTRATORS = ("idp:administrators", "system:masters")
_NOBODY = ("system:anonymous", "system:unauthenticated")
_PUBLIC = ("system:public-info-viewer", "system:discovery", "system:basic-user")
"""What Kubernetes lets everybody see: versions, and who one is."""

POLICIES = (
    "approvals",
    "promotions",
    "pipelinesteps",
    "workflows",
    "freezes",
    "reviews",
    "vulnerabilityexceptions",
    "securityprofiles",
    "securityprofilechanges",
)


def audit_chain(facts: Facts) -> Answer:
    """History was not edited."""
    audit = facts.audit
    if audit.broken_at is not None:
        record = audit_record(facts, audit.broken_at, "")
        said = f"the chain breaks at record {audit.broken_at}: {audit.reason}"
        remedy = "Find out who wrote to the database, and restore a backup from before."
        return Answer("notMet", said, remedy, [record])
    if not audit.records:
        return Answer("noEvidence", "nothing was changed yet")
    record = audit_record(facts, audit.records, audit.head)
    return Answer("met", f"{audit.records} records prove each other", records=[record])


def least_privilege(facts: Facts) -> Answer:
    """Rights are granted by role, all of them to administrators only, none to nobody."""
    if not facts.bindings:
        return Answer("noEvidence", "there are no bindings of roles")
    everything = {name for name, rules in facts.roles.items() if _everything(rules)}
    wide = [
        binding
        for binding in facts.bindings
        if binding["roleRef"]["name"] in everything and _strangers(binding)
    ]
    open_ = [
        binding
        for binding in facts.bindings
        if binding["roleRef"]["name"] not in _PUBLIC
        and any(s.get("name") in _NOBODY for s in binding.get("subjects") or [])
    ]
    if open_:
        said = f"who is not signed in has rights by {_names(open_)}"
        return Answer("notMet", said, "Delete these bindings.", _records(facts, open_))
    if wide:
        said = f"others than administrators may do everything, by {_names(wide)}"
        remedy = "Bind them to a role that says what they need: idp-developer, idp-approver."
        return Answer("partly", said, remedy, _records(facts, wide))
    said = f"{len(facts.bindings)} bindings; only administrators may do everything"
    return Answer("met", said, records=_records(facts, facts.bindings))


def _everything(rules: list[Manifest]) -> bool:
    return any(
        "*" in rule.get("verbs", [])
        and "*" in rule.get("resources", [])
        and "*" in rule.get("apiGroups", [])
        for rule in rules
    )


def _strangers(binding: Manifest) -> list[Manifest]:
    return [
        subject
        for subject in binding.get("subjects") or []
        if subject.get("name") not in ADMINISTRATORS
        and not str(subject.get("name", "")).startswith("system:")
        and subject.get("namespace") != "kube-system"
    ]


def _names(bindings: list[Manifest]) -> str:
    return ", ".join(sorted(b["metadata"]["name"] for b in bindings)[:10])


def _records(facts: Facts, bindings: Sequence[Manifest]) -> list[RecordReference]:
    found = []
    for binding in bindings:
        meta = binding["metadata"]
        kind = ROLE_BINDING if meta.get("namespace") else CLUSTER_ROLE_BINDING
        found.append(object_record(facts, kind, meta["name"], meta.get("namespace")))
    return found


def admission(facts: Facts) -> Answer:
    """The API itself refuses what must not be, whoever asks."""
    wanted = [f"{name}.platform.idp" for name in POLICIES]
    there = [name for name in wanted if name in facts.enforced]
    return of_share(
        len(there),
        len(wanted),
        "admission policies of the platform are enforced",
        "Start the instance anew: it applies them.",
        [object_record(facts, VALIDATING_ADMISSION_POLICY, name) for name in there],
    )


def network_isolation(facts: Facts) -> Answer:
    """Each application says whom it speaks with."""
    if not facts.applications:
        return Answer("noEvidence", "no application runs here")
    there = [where for where in facts.applications if where in facts.isolated]
    records = [object_record(facts, NETWORK_POLICY, name, namespace) for namespace, name in there]
    if there and not facts.on_cluster:
        said = f"{len(there)} of {len(facts.applications)} applications have a NetworkPolicy, "
        remedy = "Run the applications on a cluster whose network enforces policies."
        return Answer("partly", f"{said}which one machine does not enforce", remedy, records)
    return of_share(
        len(there),
        len(facts.applications),
        "applications have a NetworkPolicy",
        "Look at the applications without one: `idp-cli get networkpolicies -A`.",
        records,
    )


def monitoring(facts: Facts) -> Answer:
    """The platform watches its own parts."""
    if not facts.components:
        return Answer("noEvidence", "no part of the instance tells how it does")
    record = object_record(facts, IDPInstance.type(), facts.environment)
    ill = [c.name for c in facts.components if not c.healthy]
    said = "parts are watched and do their work" + (f"; not {', '.join(ill)}" if ill else "")
    healthy = len(facts.components) - len(ill)
    return of_share(
        healthy, len(facts.components), said, "`idp-cli status` says what is wrong.", [record]
    )


def backups(facts: Facts) -> Answer:
    """There is a fresh copy to restore from."""
    remedy = f"Back up now, and every day: `idp-cli instance backup {facts.environment} FILE`."
    if not facts.backups:
        return Answer("notMet", "the audit knows of no backup", remedy)
    newest = facts.backups[0]
    records = [audit_record(facts, b.sequence, b.hash) for b in facts.backups]
    said = f"the newest backup is of {newest.time}, taken by {newest.actor}"
    if parse_timestamp(newest.time) < facts.now - timedelta(days=BACKUP_DAYS):
        return Answer("notMet", f"{said}: older than {BACKUP_DAYS} days", remedy, records)
    return Answer("met", said, records=records)


def transit_encryption(facts: Facts) -> Answer:
    """What is said over the network is encrypted."""
    if not facts.endpoints:
        return Answer("noEvidence", "nothing is known of where the platform listens")
    record = object_record(facts, IDPInstance.type(), facts.environment)
    plain = [e.name for e in facts.endpoints if not e.url.startswith("https:")]
    said = "addresses speak TLS" + (f"; not {', '.join(plain)}" if plain else "")
    remedy = "Put a proxy with TLS before them, or keep them on the loopback device."
    total = len(facts.endpoints)
    return of_share(total - len(plain), total, said, remedy, [record])
