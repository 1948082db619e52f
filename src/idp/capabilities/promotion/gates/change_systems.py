"""How change records look in the systems that keep them. Pure: calls as data.

Each system can look for the record of an idempotency key, open one, and show one by its id.

- `generic`: `GET /changes?key=`, `POST /changes` and `GET /changes/<id>`; a change has `id` and
  `state` (`pending`, `approved`, `rejected`).
- `servicenow`: the Table API on `change_request`; the key is its `correlation_id`, its `approval`
  decides, and a cancelled request (state 4) rejects.
- `jira`: issues of Jira Cloud; the key is a label, the names of the rule's statuses decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlencode

from idp.capabilities.environments.kinds import ChangeRecordRule

ChangeState = Literal["pending", "approved", "rejected"]


@dataclass(frozen=True, slots=True)
class Change:
    """A change record: its id in the system, and how it stands."""

    id: str
    state: ChangeState


@dataclass(frozen=True, slots=True)
class Request:
    """A call to make: path below the system's address, with its query, and a JSON body."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None


class ChangeSystem(Protocol):
    """The shape of one system; reading raises KeyError, TypeError or IndexError on other shapes."""

    def find(self, key: str) -> Request:
        """Look for the record of a key."""
        ...

    def found(self, body: Any) -> Change | None:
        """What `find` was answered."""
        ...

    def open(self, key: str, summary: str, text: str) -> Request:
        """Open one."""
        ...

    def show(self, id: str) -> Request:
        """Show one."""
        ...

    def shown(self, body: Any) -> Change:
        """What `open` and `show` were answered."""
        ...


class Generic:
    """The platform's own shape."""

    def find(self, key: str) -> Request:
        """By the query `key`."""
        return Request("GET", f"/changes?{urlencode({'key': key})}")

    def found(self, body: Any) -> Change | None:
        """`{"changes": [...]}`."""
        changes = body["changes"]
        return self.shown(changes[0]) if changes else None

    def open(self, key: str, summary: str, text: str) -> Request:
        """With the key in the body."""
        body = {"key": key, "summary": summary, "description": text}
        return Request("POST", "/changes", body)

    def show(self, id: str) -> Request:
        """By its id."""
        return Request("GET", f"/changes/{quote(id, safe='')}")

    def shown(self, body: Any) -> Change:
        """`{"id": ..., "state": ...}`; a state that is not known is pending."""
        state = str(body.get("state") or "pending")
        return Change(str(body["id"]), _state(state, ("approved",), ("rejected",)))


class ServiceNow:
    """`change_request` of the Table API."""

    _TABLE = "/api/now/table/change_request"
    _FIELDS = "sys_id,number,approval,state"

    def find(self, key: str) -> Request:
        """By its correlation id."""
        query = {
            "sysparm_query": f"correlation_id={key}",
            "sysparm_fields": self._FIELDS,
            "sysparm_limit": "1",
        }
        return Request("GET", f"{self._TABLE}?{urlencode(query)}")

    def found(self, body: Any) -> Change | None:
        """`{"result": [...]}`."""
        return self._change(body["result"][0]) if body["result"] else None

    def open(self, key: str, summary: str, text: str) -> Request:
        """With the key as correlation id."""
        body = {
            "short_description": summary,
            "description": text,
            "correlation_id": key,
            "correlation_display": "idp",
        }
        return Request("POST", f"{self._TABLE}?sysparm_fields={self._FIELDS}", body)

    def show(self, id: str) -> Request:
        """By its `sys_id`."""
        return Request("GET", f"{self._TABLE}/{quote(id, safe='')}?sysparm_fields={self._FIELDS}")

    def shown(self, body: Any) -> Change:
        """`{"result": {...}}`."""
        return self._change(body["result"])

    def _change(self, record: Any) -> Change:
        approval = "rejected" if str(record.get("state")) == "4" else str(record.get("approval"))
        return Change(str(record["sys_id"]), _state(approval, ("approved",), ("rejected",)))


class Jira:
    """Issues of Jira Cloud."""

    def __init__(self, rule: ChangeRecordRule) -> None:
        self._rule = rule

    def find(self, key: str) -> Request:
        """By its label."""
        jql = f'project = "{self._rule.project}" AND labels = "idp-{key}"'
        query = {"jql": jql, "fields": "status", "maxResults": "1"}
        return Request("GET", f"/rest/api/3/search/jql?{urlencode(query)}")

    def found(self, body: Any) -> Change | None:
        """`{"issues": [...]}`."""
        return self.shown(body["issues"][0]) if body["issues"] else None

    def open(self, key: str, summary: str, text: str) -> Request:
        """With the key as a label."""
        fields = {
            "project": {"key": self._rule.project},
            "issuetype": {"name": self._rule.issue_type},
            "summary": summary,
            "description": text,
            "labels": [f"idp-{key}"],
        }
        return Request("POST", "/rest/api/2/issue", {"fields": fields})

    def show(self, id: str) -> Request:
        """By its key, such as `OPS-7`."""
        return Request("GET", f"/rest/api/2/issue/{quote(id, safe='')}?fields=status")

    def shown(self, body: Any) -> Change:
        """`{"key": ..., "fields": {"status": {"name": ...}}}`; a new issue says no status."""
        status = str(((body.get("fields") or {}).get("status") or {}).get("name") or "")
        state = _state(status, self._rule.approved, self._rule.rejected)
        return Change(str(body["key"]), state)


def system_of(rule: ChangeRecordRule) -> ChangeSystem:
    """The shape that a rule names."""
    if rule.system == "jira":
        return Jira(rule)
    return ServiceNow() if rule.system == "servicenow" else Generic()


def _state(text: str, approved: Any, rejected: Any) -> ChangeState:
    if text in rejected:
        return "rejected"
    return "approved" if text in approved else "pending"
