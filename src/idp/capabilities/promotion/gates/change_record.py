"""`change-record`: a record in another system is approved.

The record is opened once, whenever the platform is killed:

1. The intention is remembered before anything is asked (see `gate.py`: memory is written first).
2. The system is asked for a record of the key; one that is there is taken.
3. It is opened when this process has just remembered the intention, or when the last attempt is
   longer ago than a system needs until its search knows a record that it has made.
4. The record's id is remembered; from then on it is shown by it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from idp.capabilities.environments.kinds import ChangeRecordRule
from idp.capabilities.promotion.clients.outbound import call
from idp.capabilities.promotion.clients.secret_values import secret_values
from idp.capabilities.promotion.gates.change_systems import (
    Change,
    ChangeSystem,
    Request,
    system_of,
)
from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_, refused
from idp.kernel.client import Client
from idp.kernel.clock import parse_timestamp, timestamp
from idp.kernel.errors import InvalidInput

SEARCH_LAG = timedelta(seconds=60)
"""After this time a system's search knows a record that it has made."""


def decide(system: str, change: Change) -> GateAnswer:
    """From a record to the answer."""
    memory = {"record": change.id}
    if change.state == "approved":
        answer = open_(f"{system} {change.id} is approved", record=change.id)
    elif change.state == "rejected":
        answer = refused(
            f"{system} {change.id} is rejected",
            "Settle it there, then start the promotion again.",
            record=change.id,
        )
    else:
        answer = GateAnswer(
            "Waiting",
            f"{system} {change.id} to be approved",
            f"Whoever approves {change.id} in {system}.",
            evidence={"record": change.id},
        )
    return GateAnswer(
        answer.state, answer.message, answer.change, evidence=answer.evidence, memory=memory
    )


def description(case: GateCase) -> tuple[str, str]:
    """Summary and text of a record."""
    release, spec = case.release, case.promotion.spec
    summary = f"{release.application} {release.version} to {case.environment}"
    lines = (
        f"Image: {release.image}",
        f"Release: {release.digest}",
        f"Commit: {release.source.commit} by {release.source.author}",
        f"Promotion: {case.promotion.namespace}/{case.promotion.name} by {spec.initiator}",
        *([f"Reason: {spec.reason}"] if spec.reason else []),
        f"Verdict: {case.verdict.get('decision', '')}",
        f"Approved by: {', '.join(case.approval.get('approvers', [])) or 'nobody was asked'}",
    )
    return summary, "\n".join(lines)


class ChangeRecordGate:
    """Opens a record and waits for it."""

    rule = "change_record"
    overridable = True
    expedited = False

    def __init__(self, client: Client) -> None:
        self._client = client
        self._fresh: set[str] = set()
        self._attempts: dict[str, datetime] = {}

    async def ask(self, rule: ChangeRecordRule, case: GateCase) -> GateAnswer:
        """How the record stands; opens it when there is none."""
        if rule.system == "jira" and not rule.project:
            raise InvalidInput("a Jira project must be named", remedy="Set `project` of the gate.")
        intent = case.memory.get("intent")
        if intent is None:  # 1
            self._fresh.add(case.key)
            memory = {"intent": timestamp(case.now)}
            return GateAnswer("Waiting", "its change record is opened", after=0.01, memory=memory)
        system = system_of(rule)
        if record := case.memory.get("record"):  # 4
            shown = await self._call(rule, case, system.show(record))
            change = _read(rule, system.shown, shown)
        else:
            found = await self._call(rule, case, system.find(case.key))  # 2
            change = _read(rule, system.found, found)
            if change is None:
                if not self._may_open(case, parse_timestamp(intent)):  # 3
                    words = "whether its change record was opened before"
                    return GateAnswer("Waiting", words, memory=case.memory)
                change = await self._open(rule, case, system)
        answer = decide(rule.system, change)
        memory = {"intent": intent, **answer.memory}
        return GateAnswer(
            answer.state, answer.message, answer.change, evidence=answer.evidence, memory=memory
        )

    def _may_open(self, case: GateCase, intent: datetime) -> bool:
        if case.key in self._fresh:
            return True
        return case.now - max(intent, self._attempts.get(case.key, intent)) > SEARCH_LAG

    async def _open(self, rule: ChangeRecordRule, case: GateCase, system: ChangeSystem) -> Change:
        # Before the call: one that fails half way may have made the record.
        self._fresh.discard(case.key)
        self._attempts[case.key] = case.now
        opened = await self._call(rule, case, system.open(case.key, *description(case)))
        change: Change = _read(rule, system.shown, opened)
        self._attempts.pop(case.key)
        return change

    async def _call(self, rule: ChangeRecordRule, case: GateCase, request: Request) -> Any:
        headers = _authorization(rule, await secret_values(self._client, rule.secret))
        content = None
        if request.body is not None:
            content = orjson.dumps(request.body)
            headers |= {"Content-Type": "application/json", "Idempotency-Key": case.key}
        url = rule.url.rstrip("/") + request.path
        answer = await call(
            request.method, url, case.pipeline.egress, headers=headers, content=content
        )
        return answer.body


def _authorization(rule: ChangeRecordRule, values: Mapping[str, str]) -> dict[str, str]:
    if token := values.get("token"):
        return {"Authorization": f"Bearer {token}"}
    if "username" not in values or "password" not in values:
        raise InvalidInput(
            f"Secret {rule.secret} has neither `token` nor `username` and `password`"
        )
    pair = base64.b64encode(f"{values['username']}:{values['password']}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _read(rule: ChangeRecordRule, read: Any, body: Any) -> Any:
    try:
        return read(body)
    except (KeyError, TypeError, IndexError, AttributeError):
        raise InvalidInput(
            f"{rule.url} answers in another shape than {rule.system}'s",
            remedy="Set `system` of the gate to what it is.",
        ) from None
