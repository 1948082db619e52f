"""Each system's API is played by a service that keeps records as that system does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.capabilities.environments.kinds import ChangeRecordRule
from idp.capabilities.promotion.gates.change_record import ChangeRecordGate
from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase
from idp.kernel.errors import InvalidInput, Unavailable

Build = Callable[..., GateCase]
pytestmark = pytest.mark.usefixtures("secret")


class Records:
    """Change records of one system, by key."""

    def __init__(self, system: str) -> None:
        self.system = system
        self.made: dict[str, list[dict[str, Any]]] = {}
        self.state = "pending"
        self.searchable, self.breaks = True, False

    def __call__(self, method: str, path: str, body: bytes) -> Any:
        answer = getattr(self, self.system)(method, urlsplit(path), body)
        if method == "POST" and self.breaks:
            raise ConnectionResetError("after it was made")
        return answer

    def _keep(self, key: str, record: dict[str, Any]) -> dict[str, Any]:
        self.made.setdefault(key, []).append(record)
        return record

    def _found(self, key: str) -> list[dict[str, Any]]:
        return self.made.get(key, []) if self.searchable else []

    def generic(self, method: str, url: Any, body: bytes) -> Any:
        if method == "POST":
            return {**self._keep(json.loads(body)["key"], {"id": "C1"}), "state": self.state}
        if url.query:
            found = self._found(parse_qs(url.query)["key"][0])
            return {"changes": [{**r, "state": self.state} for r in found]}
        assert url.path == "/changes/C1"
        return {"id": "C1", "state": self.state}

    def servicenow(self, method: str, url: Any, body: bytes) -> Any:
        assert url.path.startswith("/api/now/table/change_request")
        approval = {"pending": "requested"}.get(self.state, self.state)
        if method == "POST":
            key = json.loads(body)["correlation_id"]
            return {"result": {**self._keep(key, {"sys_id": "9f"}), "approval": approval}}
        if "sysparm_query" in url.query:
            key = parse_qs(url.query)["sysparm_query"][0].removeprefix("correlation_id=")
            return {"result": [{**r, "approval": approval} for r in self._found(key)]}
        assert url.path.endswith("/9f")
        return {"result": {"sys_id": "9f", "number": "CHG7", "approval": approval}}

    def jira(self, method: str, url: Any, body: bytes) -> Any:
        fields = {"status": {"name": {"pending": "To Do"}.get(self.state, self.state.title())}}
        if method == "POST":
            (label,) = json.loads(body)["fields"]["labels"]
            return {"id": "1", **self._keep(label.removeprefix("idp-"), {"key": "OPS-7"})}
        if url.path == "/rest/api/3/search/jql":
            jql = parse_qs(url.query)["jql"][0]
            key = jql.partition('labels = "idp-')[2].rstrip('"')
            return {"issues": [{**r, "fields": fields} for r in self._found(key)]}
        assert url.path == "/rest/api/2/issue/OPS-7"
        return {"key": "OPS-7", "fields": fields}


class Asking:
    """Asks a gate as the step does: what it remembers is written before it is asked again."""

    def __init__(self, bench: Any, service: Any, case: Build, system: str) -> None:
        self.bench, self.service, self.case = bench, service, case
        self.records = Records(system)
        service.answer = self.records
        url = service.url
        self.rule = ChangeRecordRule(system=system, url=url, secret="s", project="OPS")
        self.memory: Any = {}
        self.seconds = 0
        self.start()

    def start(self) -> None:
        """A new process."""
        self.gate = ChangeRecordGate(self.bench.client)

    async def ask(self) -> GateAnswer:
        now = self.case().now + timedelta(seconds=self.seconds)
        some = self.case(pipeline=self.service.pipeline(), memory=self.memory, now=now)
        answer = await self.gate.ask(self.rule, some)
        self.memory = answer.memory
        return answer


@pytest.fixture(params=["generic", "servicenow", "jira"])
def asking(request: Any, bench: Any, service: Any, case: Build) -> Asking:
    return Asking(bench, service, case, request.param)


async def test_it_remembers_what_it_is_about_to_do_before_it_asks(asking: Asking) -> None:
    assert (await asking.ask()).state == "Waiting"
    assert asking.service.asked == []
    assert "intent" in asking.memory


async def test_it_opens_one_record_and_waits_until_it_is_approved(asking: Asking) -> None:
    await asking.ask()
    opened = await asking.ask()
    assert opened.state == "Waiting"
    assert "to be approved" in opened.message
    assert (await asking.ask()).state == "Waiting"
    asking.records.state = "approved"
    assert (await asking.ask()).state == "Open"
    assert {key: len(made) for key, made in asking.records.made.items()} == {"u-1-gate": 1}
    (text,) = [b.decode() for line, _, b in asking.service.asked if line.startswith("POST")]
    assert "hello r1-0000000 to uat" in text
    assert all(h["Authorization"].startswith("Basic ") for _, h, _ in asking.service.asked)


async def test_a_record_that_is_rejected_refuses(asking: Asking) -> None:
    await asking.ask()
    await asking.ask()
    asking.records.state = "rejected"
    assert (await asking.ask()).state == "Refused"


async def test_killed_after_the_record_was_made_it_takes_that_one(asking: Asking) -> None:
    await asking.ask()
    remembered = asking.memory
    await asking.ask()
    asking.memory = remembered  # killed before the record's id was written
    asking.start()
    assert "to be approved" in (await asking.ask()).message
    assert len(asking.records.made["u-1-gate"]) == 1


async def test_while_the_search_may_not_know_the_record_yet_it_makes_no_other(
    asking: Asking,
) -> None:
    await asking.ask()
    remembered = asking.memory
    await asking.ask()
    asking.memory, asking.records.searchable = remembered, False
    asking.start()
    asking.seconds = 30
    assert (await asking.ask()).message == "whether its change record was opened before"
    asking.records.searchable = True
    asking.seconds = 61
    assert "to be approved" in (await asking.ask()).message
    assert len(asking.records.made["u-1-gate"]) == 1


async def test_killed_before_the_record_was_made_it_makes_one_after_a_while(
    asking: Asking,
) -> None:
    await asking.ask()
    asking.start()
    assert (await asking.ask()).message == "whether its change record was opened before"
    asking.seconds = 61
    assert "to be approved" in (await asking.ask()).message
    assert len(asking.records.made["u-1-gate"]) == 1


async def test_a_call_that_breaks_half_way_makes_no_second_record(asking: Asking) -> None:
    await asking.ask()
    asking.seconds, asking.records.breaks = 3600, True
    with pytest.raises(Unavailable):
        await asking.ask()
    asking.records.breaks = False
    asking.records.searchable = False
    assert (await asking.ask()).message == "whether its change record was opened before"
    asking.records.searchable = True
    assert "to be approved" in (await asking.ask()).message
    assert len(asking.records.made["u-1-gate"]) == 1


async def test_another_shape_refuses_and_names_the_field(asking: Asking) -> None:
    asking.service.answer = lambda method, path, body: {"something": "else"}
    await asking.ask()
    with pytest.raises(InvalidInput, match="in another shape than"):
        await asking.ask()
